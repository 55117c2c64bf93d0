"""`App.Sip_Auth`: a token for credentials, and its end."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Protocol

from playvoice.codes import BusinessCode, Ret, Text
from playvoice.companies import (
    AddressNotAllowed,
    BadCredentials,
    Company,
    CompanyDisabled,
    LicenceExpired,
    TokenUnknown,
    TooManyAttempts,
)
from playvoice.gateway.dispatcher import not_admitted
from playvoice.gateway.errors import OperationFailed, RequestRefused
from playvoice.gateway.registry import Done, Parameter, Request, Service, Values, missing
from playvoice.gateway.rules import Trimmed, local_time


class Credentials(Protocol):
    """What these services need of `playvoice.companies`."""

    async def login(self, appid: str, accesskey: str, *, source: str, at: datetime) -> tuple[Company, str]: ...

    async def logout(self, *, token: str, at: datetime) -> None: ...

    async def logout_all(self, appid: str, accesskey: str, *, source: str) -> None: ...


_APPID_RULE = Trimmed(Text("为平台分配的appid", "is the appid that the operator gave"))
_KEY_RULE = Trimmed(Text("为平台分配的accesskey", "is the accesskey that the operator gave"))
_TOKEN_RULE = Trimmed(Text("为登录接口返回的令牌", "is the token that Login gave"))
_APPID_TEXT = Text("平台分配的appid", "the appid that the operator gave")
_KEY_TEXT = Text("平台分配的accesskey", "the accesskey that the operator gave")

_APPID = Parameter("appid", _APPID_RULE, _APPID_TEXT, required=True, example="APPID")
_ACCESSKEY = Parameter("accesskey", _KEY_RULE, _KEY_TEXT, required=True, secret=True, example="ACCESSKEY")
_OPTIONAL_TOKEN = Parameter(
    "token", _TOKEN_RULE, Text("要注销的token", "the token to end"), default="", secret=True, example="TOKEN"
)
_OPTIONAL_APPID = Parameter(
    "appid",
    _APPID_RULE,
    Text("没有token时必填：注销该appid的全部token", "without a token: all tokens of this appid are ended"),
    default="",
)
_OPTIONAL_ACCESSKEY = Parameter(
    "accesskey", _KEY_RULE, Text("没有token时必填", "required without a token"), default="", secret=True
)


def auth_services(companies: Credentials, zone: tzinfo) -> tuple[Service, ...]:
    """Return Login and Logout; `zone` is where `authtime` is told."""

    async def login(request: Request, values: Values) -> Done:
        try:
            company, token = await companies.login(
                values[_APPID], values[_ACCESSKEY], source=request.source, at=request.at
            )
        except (BadCredentials, TooManyAttempts) as error:
            raise _not_right(error) from None
        except (CompanyDisabled, LicenceExpired, AddressNotAllowed) as error:
            raise not_admitted(error) from None
        return Done(_login_result(company, token, request.at, zone))

    async def logout(request: Request, values: Values) -> Done:
        try:
            if token := values[_OPTIONAL_TOKEN]:
                await companies.logout(token=token, at=request.at)
            else:
                await companies.logout_all(*_credentials(values), source=request.source)
        except TokenUnknown:
            raise RequestRefused(Ret.TOKEN) from None
        except (BadCredentials, TooManyAttempts) as error:
            raise _not_right(error) from None
        return Done()

    return (
        Service(
            name="App.Sip_Auth.Login",
            about=Text("登录，取得token", "log in for a token"),
            parameters=(_APPID, _ACCESSKEY),
            done=Text("授权成功", "authorised"),
            failed=Text("授权失败", "not authorised"),
            handler=login,
            failures=(BusinessCode.FAILED,),
            answers=_LOGIN_FIELDS,
            takes_token=False,
        ),
        Service(
            name="App.Sip_Auth.Logout",
            about=Text("注销token", "end a token"),
            parameters=(_OPTIONAL_TOKEN, _OPTIONAL_APPID, _OPTIONAL_ACCESSKEY),
            done=Text("注销成功", "logged out"),
            failed=Text("注销失败", "not logged out"),
            handler=logout,
            failures=(BusinessCode.FAILED,),
            takes_token=False,
        ),
    )


_LOGIN_FIELDS = (
    ("companycode", Text("公司编号", "the company's code")),
    ("companyname", Text("公司名称", "the company's name")),
    ("token", Text("令牌，32位小写十六进制，有效期12小时", "32 lower-case hexadecimal digits, valid for 12 hours")),
    ("authtime", Text("签发时间，YYYY-MM-DD HH:MM:SS", "when it was issued, YYYY-MM-DD HH:MM:SS")),
    ("authmodel", Text("固定为1", "always 1")),
    ("ipwhite", Text("IP白名单，逗号分隔，空为不限", "allowed source addresses, by commas; empty: all")),
)


def _login_result(company: Company, token: str, at: datetime, zone: tzinfo) -> Mapping[str, str]:
    return {
        "companycode": company.code,
        "companyname": company.name,
        "token": token,
        "authtime": local_time(at, zone),
        "authmodel": "1",
        "ipwhite": company.ipwhite_text(),
    }


def _not_right(error: BadCredentials | TooManyAttempts) -> OperationFailed:
    retry_after = error.retry_after if isinstance(error, TooManyAttempts) else None
    return OperationFailed(BusinessCode.FAILED, str(error), retry_after=retry_after)


def _credentials(values: Values) -> tuple[str, str]:
    for parameter in (_OPTIONAL_APPID, _OPTIONAL_ACCESSKEY):
        if not values[parameter]:
            raise missing(parameter.name)
    return values[_OPTIONAL_APPID], values[_OPTIONAL_ACCESSKEY]
