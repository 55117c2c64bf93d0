// The page at GET /: sends what is typed into a form, shows the answer, and writes the request as code meanwhile.
const { language, words, remedies } = JSON.parse(document.getElementById("words").textContent);
const URL_OF_API = new URL("/", location.href).href;
const ANSWER_TIMEOUT = 300_000; // milliseconds

// What outlives a change of the language: in this tab alone, and gone with it. Secrets but the token are never among it.
const memory = (() => {
  let kept = {};
  try {
    kept = JSON.parse(sessionStorage.getItem("playvoice")) ?? {};
  } catch {
    // storage is switched off, or holds something else: what is typed then lasts as long as the page
  }
  return {
    get: (name) => kept[name] ?? "",
    set: (name, value) => {
      kept[name] = value;
      try {
        sessionStorage.setItem("playvoice", JSON.stringify(kept));
      } catch {
        // as above
      }
    },
  };
})();

const forms = [...document.querySelectorAll("form[data-service]")];
const inputs = (form) => [...form.querySelectorAll("input:not([type=hidden])")];
const benchOf = (form) => form.closest(".bench");
const isToken = (input) => input.name === "token";
const isKept = (input) => !("secret" in input.dataset) && input.type !== "file";

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

// -- the request as code ------------------------------------------------------------------------------------------

const typed = (input) => (input.type === "file" ? (input.files[0]?.name ?? "") : input.value);

function shownFields(form) {
  const fields = [["service", form.dataset.service]];
  for (const input of inputs(form)) {
    const text = typed(input);
    if (!text && !input.required) continue;
    fields.push([input.name, text && input.type !== "password" ? text : input.dataset.example, input.type === "file"]);
  }
  return fields;
}

function writeRequest(form) {
  const snippet = memory.get("snippet") in SNIPPETS ? memory.get("snippet") : "curl";
  const panel = benchOf(form).querySelector(".request");
  for (const tab of panel.querySelectorAll("[role=tab]")) {
    const isSelected = tab.dataset.snippet === snippet;
    tab.setAttribute("aria-selected", String(isSelected));
    tab.tabIndex = isSelected ? 0 : -1;
  }
  panel.querySelector("code").textContent = SNIPPETS[snippet](URL_OF_API, shownFields(form));
}

function chooseSnippet(tab) {
  memory.set("snippet", tab.dataset.snippet);
  forms.forEach(writeRequest);
}

function moveAmongTabs(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  const tabs = [...event.currentTarget.querySelectorAll("[role=tab]")];
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  chooseSnippet(next);
  next.focus();
}

async function copy(button) {
  const code = button.closest(".panel").querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    // only pages over TLS and of localhost may use the clipboard; selecting works everywhere
    getSelection().selectAllChildren(code);
    document.execCommand("copy");
  }
  button.textContent = words.copied;
  setTimeout(() => (button.textContent = words.copy), 1500);
}

// -- the token ----------------------------------------------------------------------------------------------------

function useToken(token) {
  memory.set("token", token);
  document.getElementById("session").hidden = !token;
  for (const form of forms) {
    inputs(form)
      .filter(isToken)
      .forEach((input) => (input.value = token));
    writeRequest(form);
  }
}

function learnFrom(form, answer) {
  if (answer?.data?.status !== 0) return;
  const name = form.dataset.service.toLowerCase();
  if (name.endsWith(".login") && answer.data.result?.token) useToken(answer.data.result.token);
  if (name.endsWith(".logout")) useToken("");
}

// -- sending ------------------------------------------------------------------------------------------------------

async function ask(form) {
  const began = performance.now();
  const response = await fetch(URL_OF_API, {
    method: "POST",
    body: new FormData(form),
    headers: { "Accept-Language": language },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT),
  });
  const text = await response.text();
  return { response, text, milliseconds: Math.round(performance.now() - began) };
}

async function send(form) {
  const button = form.querySelector("[type=submit]");
  const panel = benchOf(form).querySelector(".answer");
  panel.setAttribute("aria-busy", "true");
  button.disabled = true;
  button.textContent = words.sending;
  try {
    showAnswer(form, await ask(form));
  } catch {
    show(form, { kind: "bad", outcome: [words.silent], remedy: words.unreachable });
  } finally {
    button.disabled = false;
    button.textContent = words.send;
    panel.setAttribute("aria-busy", "false");
  }
}

function showAnswer(form, { response, text, milliseconds }) {
  const facts = [`${milliseconds} ms`];
  for (const name of ["X-Call-UUID", "Retry-After"]) {
    if (response.headers.has(name)) facts.push(`${name}: ${response.headers.get(name)}`);
  }
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    show(form, { kind: "bad", outcome: [`HTTP ${response.status}`, ...facts], text });
    return;
  }
  learnFrom(form, answer);
  if (answer.ret !== 200) {
    const remedy = remedies[answer.ret];
    show(form, { kind: "bad", outcome: [`${words.refused} · ret ${answer.ret}`, ...facts], remedy, answer });
  } else if (answer.data.status !== 0) {
    const { code, codemsg } = answer.data.errors;
    const outcome = [`${words.failed} · ${code} ${codemsg}`, ...facts];
    show(form, { kind: "poor", outcome, remedy: remedies[code], answer });
  } else {
    show(form, { kind: "good", outcome: [words.done, ...facts], answer });
  }
}

function show(form, { kind, outcome, remedy = "", answer, text = "" }) {
  const panel = benchOf(form).querySelector(".answer");
  const [first, ...facts] = outcome;
  panel.querySelector(".outcome").replaceChildren(
    make("strong", kind, first),
    ...facts.map((fact) => make("span", "fact", fact)),
  );
  panel.querySelector(".remedy").textContent = remedy;
  const code = panel.querySelector("code");
  if (answer === undefined) code.textContent = text;
  else code.replaceChildren(...coloured(JSON.stringify(answer, null, 2)));
  code.parentElement.hidden = !code.textContent;
  panel.hidden = false;
  if (panel.getBoundingClientRect().bottom > innerHeight) panel.scrollIntoView({ block: "nearest" });
}

/** JSON text as pieces, of which keys, texts and numbers have their colours. */
function* coloured(text) {
  let end = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|-?\d+(?:\.\d+)?/g)) {
    yield text.slice(end, match.index);
    end = match.index + match[0].length;
    const kind = match[1] ? "key" : match[0].startsWith('"') ? "text" : "number";
    yield make("span", kind, match[0]);
  }
  yield text.slice(end);
}

// -- the page -----------------------------------------------------------------------------------------------------

function setUp(form) {
  for (const input of inputs(form)) {
    if (isToken(input)) input.value = memory.get("token");
    else if (isKept(input)) input.value = memory.get(input.id);
  }
  const more = form.querySelector("details");
  if (more && [...more.querySelectorAll("input")].some((input) => input.value)) more.open = true;

  form.addEventListener("input", ({ target }) => {
    if (isKept(target)) memory.set(isToken(target) ? "token" : target.id, target.value);
    writeRequest(form);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
  for (const button of form.querySelectorAll(".show")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const input = button.previousElementSibling;
      const isShown = input.type === "password";
      input.type = isShown ? "text" : "password";
      button.setAttribute("aria-pressed", String(isShown));
      button.textContent = isShown ? words.hide : words.show;
      writeRequest(form);
    });
  }

  const panel = benchOf(form).querySelector(".request");
  panel.querySelector(".bar").hidden = false;
  panel.querySelector("[role=tablist]").addEventListener("keydown", moveAmongTabs);
  panel.querySelectorAll("[role=tab]").forEach((tab) => tab.addEventListener("click", () => chooseSnippet(tab)));
  panel.querySelector(".copy").addEventListener("click", ({ currentTarget }) => copy(currentTarget));
  writeRequest(form);
}

/** Mark in the contents which section is read. */
function followReader() {
  const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        links.forEach((link) => link.removeAttribute("aria-current"));
        links.get(target.id)?.setAttribute("aria-current", "true");
      }
    },
    { rootMargin: "-20% 0px -75% 0px" },
  );
  document.querySelectorAll("main > [id]").forEach((section) => observer.observe(section));
}

/** On a narrow screen the contents stand in the way: they open when they are wanted. */
function foldContents() {
  const contents = document.querySelector(".contents details");
  const narrow = matchMedia("(max-width: 62rem)");
  const fold = () => (contents.open = !narrow.matches);
  narrow.addEventListener("change", fold);
  contents.addEventListener("click", ({ target }) => {
    if (narrow.matches && target.closest("a")) contents.open = false;
  });
  fold();
}

forms.forEach(setUp);
document.getElementById("forget").addEventListener("click", () => useToken(""));
document.getElementById("session").hidden = !memory.get("token");
followReader();
foldContents();
