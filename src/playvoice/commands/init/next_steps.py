"""What the user types next: commands that work as they stand."""

import shlex
from pathlib import Path

from playvoice.commands.init.answers import Answers
from playvoice.commands.invocation import playvoice
from playvoice.config.values import listen_address
from playvoice.sip.flow import format_host

NUMBER = "13333333333"
"""Instead of the user's own, which he knows."""
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def what_next(config: Path, answers: Answers, voice: str) -> str:
    """The last words of `init`."""
    option = "" if config == Path("playvoice.toml") else f" --config {shlex.quote(str(config))}"
    file, command = shlex.quote(str(config)), playvoice()
    http = listen_address(answers.http)
    url = f"http://{format_host(_REACHED_AT.get(http.host, http.host))}:{http.port}/"
    key = f"""$(sed -n 's/^accesskey = "\\([^"]*\\)".*/\\1/p' {file})"""
    return f"""
{config} is written, for your eyes only: the access key, the signing secret and the phones'
passwords are in it, made at random. {Path(answers.voice_dir) / voice} is a voice to try with.

Next:
  {command} doctor{option}    # looks whether everything is in place
  {command} serve{option}     # runs until Ctrl-C

Agents' phones register at {_registrar(answers)} over UDP or TCP,
each with the number and password of its [[company.extension]].

The first call, in another terminal, to your own number instead of {NUMBER}:
  {command} call {NUMBER} --voice {shlex.quote(voice)} --key {shlex.quote(f"1@{answers.group}")}{option}

The same by HTTP, as your system will do it:
  token=$(curl -s {url} -d service=App.Sip_Auth.Login -d appid={answers.appid} \\
    -d accesskey={key} |
    sed 's/.*"token":"\\([0-9a-f]*\\)".*/\\1/')
  curl {url} -d service=App.Sip_Call.PlayVoice -d token=$token -d destnumber={NUMBER} \\
    -d voicetype=1 --data-urlencode voicefile={shlex.quote(voice)} -d chengshudu=1 \\
    --data-urlencode userid={shlex.quote(f"1@{answers.group}")}
"""


def _registrar(answers: Answers) -> str:
    own = f"{format_host(answers.listen)}:{answers.sip_port}"
    if answers.external_address is None:
        return own
    return f"{own}, from outside at {format_host(answers.external_address)}:{answers.sip_port},"
