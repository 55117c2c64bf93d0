import pytest

from playvoice.sip.digest import MAX_HEADER, Algorithm, Answer, Challenge, Credentials, answer
from playvoice.sip.digest_server import DigestServer, Nonces, Outcome
from playvoice.sip.guesses import GUESS_TIME, MAX_GUESSES

USERS = {"alice": "secret", "bob": "other"}
URI = "sip:example.org"


def server(**changes: object) -> DigestServer:
    options: dict[str, object] = {"key": b"k" * 32, **changes}
    return DigestServer("example.org", **options)  # type: ignore[arg-type]


def answer_to(challenge: str, user: str = "alice", password: str = "secret", count: int = 1) -> str:
    read = Challenge.parse(challenge)
    return str(answer(read, Credentials(user, password), "REGISTER", URI, cnonce="c", count=count))


def outcome(digest: DigestServer, *values: str, now: float = 1.0) -> Outcome:
    return digest.verify("REGISTER", values, USERS.get, now).outcome


def test_a_right_answer_is_accepted_and_says_who_it_is() -> None:
    digest = server()
    (challenge,) = digest.challenge(0.0)
    verdict = digest.verify("REGISTER", [answer_to(challenge)], USERS.get, 1.0)
    assert verdict.accepted
    assert verdict.username == "alice"


def test_md5_alone_is_offered_unless_more_is_asked_for() -> None:
    (only,) = server().challenge(0.0)
    assert Challenge.parse(only).algorithm is Algorithm.MD5
    assert Challenge.parse(only).qop


@pytest.mark.parametrize("chosen", [0, 1])
def test_either_of_two_algorithms_is_accepted_and_the_best_stands_first(chosen: int) -> None:
    digest = server(algorithms=(Algorithm.SHA256, Algorithm.MD5))
    challenges = digest.challenge(0.0)
    assert [Challenge.parse(value).algorithm for value in challenges] == [Algorithm.SHA256, Algorithm.MD5]
    assert outcome(digest, answer_to(challenges[chosen])) is Outcome.ACCEPTED


def test_an_algorithm_that_was_not_offered_is_refused() -> None:
    digest = server(algorithms=(Algorithm.SHA256,))
    (challenge,) = digest.challenge(0.0)
    assert outcome(digest, answer_to(challenge.replace("SHA-256", "MD5"))) is Outcome.REFUSED


@pytest.mark.parametrize(("user", "password"), [("alice", "wrong"), ("alice", ""), ("nobody", ""), ("nobody", "x")])
def test_a_wrong_password_and_an_unknown_user_are_refused_alike(user: str, password: str) -> None:
    digest = server()
    (challenge,) = digest.challenge(0.0)
    assert outcome(digest, answer_to(challenge, user, password)) is Outcome.REFUSED


def test_no_answer_and_one_that_cannot_be_read_are_missing() -> None:
    digest = server()
    assert outcome(digest) is Outcome.MISSING
    assert outcome(digest, "Digest rubbish", "Basic YTpi", "x" * (MAX_HEADER + 1)) is Outcome.MISSING


def test_an_answer_for_another_realm_is_passed_over() -> None:
    digest, other = server(), DigestServer("elsewhere", key=b"k")
    (challenge,) = digest.challenge(0.0)
    (foreign,) = other.challenge(0.0)
    assert outcome(digest, answer_to(foreign)) is Outcome.MISSING
    assert outcome(digest, answer_to(foreign), answer_to(challenge)) is Outcome.ACCEPTED


def test_a_repeated_count_is_stale_and_a_higher_one_accepted() -> None:
    digest = server()
    (challenge,) = digest.challenge(0.0)
    assert outcome(digest, answer_to(challenge, count=1)) is Outcome.ACCEPTED
    assert outcome(digest, answer_to(challenge, count=1)) is Outcome.STALE
    assert outcome(digest, answer_to(challenge, count=5)) is Outcome.ACCEPTED
    assert outcome(digest, answer_to(challenge, count=4)) is Outcome.STALE


def test_an_answer_without_qop_uses_its_nonce_up() -> None:
    digest = server()
    (challenge,) = digest.challenge(0.0)
    old_phone = answer_to(challenge.replace(', qop="auth"', ""))
    assert Answer.parse(old_phone).count is None
    assert outcome(digest, old_phone) is Outcome.ACCEPTED
    assert outcome(digest, old_phone) is Outcome.STALE
    assert outcome(digest, answer_to(challenge, count=9)) is Outcome.STALE


def test_a_nonce_lives_for_its_lifetime() -> None:
    digest = server(lifetime=300.0)
    (challenge,) = digest.challenge(10.0)
    assert outcome(digest, answer_to(challenge, count=1), now=310.0) is Outcome.ACCEPTED
    assert outcome(digest, answer_to(challenge, count=2), now=310.1) is Outcome.STALE


def test_a_nonce_of_an_earlier_process_is_stale_only_with_a_right_answer() -> None:
    (challenge,) = server(key=b"before").challenge(0.0)
    digest = server(key=b"after")
    assert outcome(digest, answer_to(challenge)) is Outcome.STALE
    assert outcome(digest, answer_to(challenge, password="wrong")) is Outcome.REFUSED


def test_a_stale_challenge_says_so() -> None:
    (challenge,) = server().challenge(0.0, stale=True)
    assert Challenge.parse(challenge).stale


def test_challenges_for_anybody_cost_no_memory_and_never_repeat() -> None:
    nonces = Nonces(b"k", 300.0, 10)
    issued = {nonces.issue(1.0) for _ in range(1000)}
    assert len(issued) == 1000
    assert len(nonces) == 0


def test_at_its_bound_the_memory_forgets_the_oldest_and_refuses_it_from_then_on() -> None:
    nonces = Nonces(b"k", 300.0, 3)
    issued = [nonces.issue(float(i)) for i in range(5)]
    for nonce in issued[1:4]:
        assert nonces.use(nonce, 1, 5.0)
    assert nonces.use(issued[4], 1, 5.0)
    assert len(nonces) == 3
    assert not nonces.use(issued[1], 2, 5.0), "it was pushed out"
    assert not nonces.use(issued[0], 1, 5.0), "it is older than one that was pushed out"
    assert nonces.use(issued[2], 2, 5.0)


def test_nonces_that_are_too_old_leave_the_memory() -> None:
    nonces = Nonces(b"k", 10.0, 100)
    for second in range(50):
        assert nonces.use(nonces.issue(float(second)), 1, float(second))
    assert len(nonces) == 11


@pytest.mark.parametrize("nonce", ["", ".", "x", "0.", "1.abc", "-1", "9" * 5000, "\udc80", "1_0.00"])
def test_a_nonce_that_is_not_ours_is_not_usable(nonce: str) -> None:
    assert not Nonces(b"k", 300.0, 10).use(nonce, 1, 1.0)


def test_who_guesses_does_not_learn_when_he_is_right_and_harms_nobody_elsewhere() -> None:
    digest = server()

    def verify(password: str, source: str, now: float, user: str = "alice") -> Outcome:
        (challenge,) = digest.challenge(now)
        return digest.verify("REGISTER", [answer_to(challenge, user, password)], USERS.get, now, source).outcome

    for guess in range(MAX_GUESSES):
        assert verify(f"guess {guess}", "192.0.2.66", 1.0) is Outcome.REFUSED
    assert verify("secret", "192.0.2.66", 2.0) is Outcome.UNCHECKED
    assert verify("secret", "192.0.2.1", 2.0) is Outcome.ACCEPTED
    assert verify("other", "192.0.2.66", 2.0, "bob") is Outcome.ACCEPTED
    assert verify("secret", "192.0.2.66", 1.0 + GUESS_TIME) is Outcome.ACCEPTED


def test_guesses_for_users_who_do_not_exist_are_not_remembered() -> None:
    digest = server()
    for number in range(100):
        (challenge,) = digest.challenge(0.0)
        assert outcome(digest, answer_to(challenge, f"nobody-{number}", "x")) is Outcome.REFUSED
    assert repr(digest._guesses) == "<Guesses 0 remembered>"


def test_an_answer_with_another_realm_user_uri_or_count_than_it_was_made_for_is_wrong() -> None:
    digest = server()
    (challenge,) = digest.challenge(0.0)
    right = answer_to(challenge)
    for old, new in (
        ('username="alice"', 'username="bob"'),
        (f'uri="{URI}"', 'uri="sip:elsewhere.example"'),
        ("nc=00000001", "nc=00000002"),
        ('cnonce="c"', 'cnonce="d"'),
    ):
        assert old in right
        assert outcome(digest, right.replace(old, new)) is Outcome.REFUSED
    assert outcome(digest, right.replace('realm="example.org"', 'realm="elsewhere"')) is Outcome.MISSING
    assert digest.verify("INVITE", [right], USERS.get, 1.0).outcome is Outcome.REFUSED, "made for another method"
    assert outcome(digest, right) is Outcome.ACCEPTED


def test_a_nonce_that_we_never_gave_out_is_stale_only_for_who_knows_the_password() -> None:
    digest = server()
    foreign = str(Challenge("example.org", "deadbeef.0123", Algorithm.MD5))
    assert outcome(digest, answer_to(foreign)) is Outcome.STALE
    assert outcome(digest, answer_to(foreign, password="wrong")) is Outcome.REFUSED
