from playvoice.codes import BusinessCode, Language, Ret, Text
from playvoice.gateway import envelope

DESC = Text("播放命令发送成功", "the play command was sent")
ZH, EN = Language.ZH, Language.EN


def test_a_success_is_the_sample_to_the_letter() -> None:
    assert envelope.success(DESC, None, ZH, reqtime=1581307099, rsptime=1581307099).decode() == (
        '{"ret":200,"data":{"status":0,"desc":"播放命令发送成功","reqtime":1581307099,"rsptime":1581307099},"msg":""}'
    )


def test_a_result_stands_between_desc_and_the_times() -> None:
    assert envelope.success(DESC, {"a": "1"}, EN, reqtime=1, rsptime=2).decode() == (
        '{"ret":200,"data":{"status":0,"desc":"the play command was sent","result":{"a":"1"},'
        '"reqtime":1,"rsptime":2},"msg":""}'
    )


def test_an_empty_list_is_a_result() -> None:
    assert b'"result":[],"reqtime"' in envelope.success(DESC, [], EN, reqtime=1, rsptime=2)


def test_a_failure_has_its_code_as_a_number_and_its_text() -> None:
    desc = Text("播放命令发送失败", "")
    assert envelope.failure(desc, BusinessCode.QUEUE_ABNORMAL, ZH, reqtime=1, rsptime=2).decode() == (
        '{"ret":200,"data":{"status":1,"desc":"播放命令发送失败","errors":{"code":1210,"codemsg":"队列异常"},'
        '"reqtime":1,"rsptime":2},"msg":""}'
    )


def test_an_exception_has_an_empty_list_and_a_message() -> None:
    assert envelope.exception(Ret.TOKEN, None, ZH).decode() == '{"ret":600,"data":[],"msg":"token无效或已过期"}'


def test_the_message_of_400_says_what_is_wrong_after_its_prefix() -> None:
    detail = Text("缺少必要参数token", "the required parameter token is missing")
    assert envelope.exception(Ret.BAD_REQUEST, detail, ZH).decode() == (
        '{"ret":400,"data":[],"msg":"非法请求：缺少必要参数token"}'
    )
    assert envelope.exception(Ret.BAD_REQUEST, detail, EN).decode() == (
        '{"ret":400,"data":[],"msg":"Bad request: the required parameter token is missing"}'
    )
