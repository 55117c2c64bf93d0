from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from playvoice.callbacks.payloads import ExtensionState, call_record, extension_state, to_text

SHANGHAI = ZoneInfo("Asia/Shanghai")
STATE_SAMPLE = (
    '{"buuid":"f4ffad68-4a0f-11ea-812d-fbc8753285b6","callee":"85322888486","caller":"20280003","companycode":"2028",'
    '"direction":"callout","disnumber":"2120280001","extnumber":"20280003","isbleg":"true","method":"3",'
    '"starttime":"1581124302","status":"ring","uuid":"f4ee8e7a-4a0f-11ea-8126-fbc8753285b6","ip":"149.129.249.47"}'
)
RECORD_SAMPLE = (
    '{"answertime":"2020-02-09 12:32:51","hangupcause":10001,"duration":13,"id":220739,"extnumber":"",'
    '"uuid":"3418035c-4af5-11ea-afb2-fbc8753285b6","downloadip":"149.129.249.47","customuuid":"110001168",'
    '"chengshudu":"0","callmethod":6,"recordfilename":"1111.mp3","companycode":9017,"memberid":"0",'
    '"hangupdirection":10040,"billsec":10,"endtime":"2020-02-09 12:33:01","starttime":"2020-02-09 12:32:38",'
    '"type":"callout","disnumber":"2190170001","crmid":"0","userkey":"","destnumber":"85781218893"}'
)
START = datetime(2020, 2, 9, 4, 32, 38, tzinfo=UTC)


def record(
    start: datetime = START,
    answer: datetime | None = START + timedelta(seconds=13),
    end: datetime = START + timedelta(seconds=23),
    fields: tuple[str, ...] = (),
    ext: str = "",
) -> dict[str, object]:
    return call_record(
        id=220739,
        uuid="3418035c-4af5-11ea-afb2-fbc8753285b6",
        company_code="9017",
        destnumber="85781218893",
        disnumber="2190170001",
        started_at=start,
        answered_at=answer,
        ended_at=end,
        hangupcause=10001,
        hangupdirection=10040,
        extnumber="",
        crmid="",
        userkey="",
        customuuid="110001168",
        chengshudu="",
        memberid="",
        recordfilename="1111.mp3",
        downloadip="149.129.249.47",
        zone=SHANGHAI,
        fields=fields,
        userid="1@sales",
        ext=ext,
        recordurl="http://127.0.0.1/recordings/1111.mp3",
    )


def test_an_extension_state_is_the_sample_to_the_letter() -> None:
    payload = extension_state(
        buuid="f4ffad68-4a0f-11ea-812d-fbc8753285b6",
        callee="85322888486",
        extnumber="20280003",
        company_code="2028",
        disnumber="2120280001",
        started_at=datetime.fromtimestamp(1581124302.9, UTC),
        status=ExtensionState.RING,
        uuid="f4ee8e7a-4a0f-11ea-8126-fbc8753285b6",
        ip="149.129.249.47",
    )
    assert to_text(payload) == STATE_SAMPLE


def test_a_call_record_is_the_sample_to_the_letter() -> None:
    assert to_text(record()) == RECORD_SAMPLE


def test_a_call_that_was_not_answered_has_an_empty_answertime_and_its_duration_runs_to_the_end() -> None:
    payload = record(answer=None)
    assert (payload["answertime"], payload["duration"], payload["billsec"]) == ("", 23, 0)


def test_times_are_cut_to_seconds_before_they_are_subtracted() -> None:
    payload = record(
        start=START + timedelta(seconds=0.9),
        answer=START + timedelta(seconds=13.1),
        end=START + timedelta(seconds=23.05),
    )
    assert (payload["duration"], payload["billsec"]) == (13, 10)


def test_further_fields_follow_destnumber_in_the_order_of_the_contract() -> None:
    payload = record(fields=("recordurl", "ext", "userid", "direction"))
    assert list(payload)[-5:] == ["destnumber", "direction", "userid", "ext", "recordurl"]
    assert [payload[name] for name in ("direction", "userid", "ext")] == ["callout", "1@sales", "0"]


def test_a_field_that_is_switched_on_is_echoed() -> None:
    assert record(fields=("ext",), ext="东城")["ext"] == "东城"
    assert list(record(fields=("ext",)))[-2:] == ["destnumber", "ext"]


INSTANTS = st.integers(1_500_000_000_000, 2_500_000_000_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))


@given(st.lists(INSTANTS, min_size=3, max_size=3))
def test_duration_and_billsec_add_up_to_the_shown_times(times: list[datetime]) -> None:
    start, answer, end = sorted(times)
    payload = record(start, answer, end)
    shown = [
        datetime.strptime(str(payload[name]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
        for name in ("starttime", "answertime", "endtime")
    ]
    assert payload["duration"] == (shown[1] - shown[0]).total_seconds()
    assert payload["billsec"] == (shown[2] - shown[1]).total_seconds()
