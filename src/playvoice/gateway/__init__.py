"""The customers' HTTP API: a dispatcher over a registry of services. HTTP never touches SIP; it stores requests."""

from playvoice.gateway.application import CompaniesRoom, create_app
from playvoice.gateway.errors import GatewayError
from playvoice.gateway.registry import Parameter, Registry, Service

__all__ = ["CompaniesRoom", "GatewayError", "Parameter", "Registry", "Service", "create_app"]
