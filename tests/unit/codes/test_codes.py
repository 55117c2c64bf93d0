"""The code tables are a contract: what stands in them is pinned here as numbers and texts."""

import pytest

from playvoice.codes import (
    BUSINESS_TEXTS,
    CAUSE_TEXTS,
    RET_TEXTS,
    AgentState,
    BusinessCode,
    HangupCause,
    Language,
    Ret,
    Text,
)

CONTRACT_BUSINESS_TEXTS = {
    1001: "呼叫服务器无法连接",
    1002: "操作异常",
    1003: "操作失败",
    1010: "分机异常",
    1011: "分机不属于该公司",
    1012: "分机不存在",
    1013: "分机已禁用",
    1014: "分机未注册",
    1015: "分机未在通话中",
    1016: "分机已启用",
    1017: "分机已注册",
    1018: "号码已启用",
    1019: "号码已禁用",
    1020: "号码不存在",
    1021: "号码不属于该公司",
    1024: "任务不存在",
    1025: "任务未开始",
    1026: "任务进行中",
    1027: "任务已暂停",
    1028: "任务已结束",
    1029: "文件不存在",
    1031: "策略异常",
    1032: "违反策略",
    1033: "策略无可用资源",
    1209: "非通话中无法评分",
    1210: "队列异常",
    1211: "队列不属于该公司",
}

CONTRACT_RET_TEXTS = {
    404: "接口服务不存在",
    500: "服务器运行错误",
    600: "token无效或已过期",
    601: "appid未授权",
    602: "appid授权已过期",
    603: "appid未授权该模块",
    604: "IP地址未授权",
}

CONTRACT_CAUSES = {
    *range(10001, 10010),
    *range(10011, 10018),
    10019,
    10020,
    10024,
    10025,
    10027,
    10028,
    10031,
    10040,
    10041,
}


def test_every_business_code_of_the_contract_has_its_exact_chinese_text() -> None:
    assert {int(code): text.zh for code, text in BUSINESS_TEXTS.items()} == CONTRACT_BUSINESS_TEXTS
    assert set(BUSINESS_TEXTS) == set(BusinessCode)


@pytest.mark.parametrize(("ret", "text"), CONTRACT_RET_TEXTS.items())
def test_an_exception_has_its_exact_chinese_text(ret: int, text: str) -> None:
    assert RET_TEXTS[Ret(ret)].zh == text


def test_a_bad_request_begins_with_the_prefix_of_the_contract() -> None:
    assert RET_TEXTS[Ret.BAD_REQUEST].zh == "非法请求："


def test_every_hangup_cause_of_the_contract_exists_and_has_a_text() -> None:
    assert {int(cause) for cause in HangupCause} == CONTRACT_CAUSES
    assert set(CAUSE_TEXTS) == set(HangupCause)


def test_the_agent_states_are_those_of_the_contract() -> None:
    assert {int(state) for state in AgentState} == {*range(1200, 1205), 1208, *range(1212, 1218)}


def test_no_text_lacks_a_language() -> None:
    texts = [*BUSINESS_TEXTS.values(), *CAUSE_TEXTS.values()]
    texts += [text for ret, text in RET_TEXTS.items() if ret is not Ret.OK]
    assert all(text.zh and text.en for text in texts)


def test_a_text_speaks_the_language_it_is_called_with() -> None:
    text = Text("是", "yes")
    assert (text(Language.ZH), text(Language.EN)) == ("是", "yes")
