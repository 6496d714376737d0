"""The parts of the service, put together once an app."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import date
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from bank_marketing.artifacts import open_store
from bank_marketing.campaign import open_campaign
from bank_marketing.registry.registry import Registry
from bank_marketing.scoring.predictions import PredictionLog
from bank_marketing.serving.admission import Admission
from bank_marketing.serving.bodies import bodies_of
from bank_marketing.serving.call_lists import Outcomes
from bank_marketing.serving.files import FileScoringService
from bank_marketing.serving.forms import ProspectForm
from bank_marketing.serving.housekeeping import Housekeeping
from bank_marketing.serving.idempotency import Answers
from bank_marketing.serving.identity import Identity, Principal, session_secret
from bank_marketing.serving.keys import KeyRing
from bank_marketing.serving.list_sizes import size_of_day
from bank_marketing.serving.measures import Measures
from bank_marketing.serving.model_cache import Campaign, ModelCache
from bank_marketing.serving.predicting import Predictor
from bank_marketing.serving.settings import ApiSettings
from bank_marketing.settings import Settings

HOUSEKEEPING_SECONDS = 10.0

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Service:
    """Everything that routes use."""

    def __init__(self, settings: Settings, api: ApiSettings) -> None:
        self.settings, self.api = settings, api
        self.campaign = open_campaign(settings)
        self.bodies = bodies_of(self.campaign)
        self.form = ProspectForm(self.campaign.contract, self.bodies.prospect)
        self.store = open_store(settings)
        self.registry = Registry(settings, self.store)
        self.measures = Measures()
        self.models = ModelCache(self.campaign, self.store, self.registry, self.measures, api.model_check_seconds)
        self.predictor = Predictor(self.models, PredictionLog(self.store), self.measures, api.stale_after_days)
        self.files = FileScoringService(self.predictor, self.store, self.campaign.economics, api)
        self.answers = Answers(self.store)
        self.outcomes = Outcomes(self.store, self.campaign.economics)
        keys_path = api.keys_path(settings)
        self.identity = Identity(api, KeyRing(keys_path, api.key_hashes), session_secret(api, keys_path), self.store)
        #: Seldom enough for a store that is paid by the request, often enough for the shortest retention.
        every = min(HOUSEKEEPING_SECONDS, api.file_retention_hours * 3600 / 4)
        self.housekeeping = Housekeeping((self.files.tend, self.identity.sessions.forget_ended, self.answers.sweep), every)
        self.admission = Admission(api, self.identity, api.hosts(settings))

    def list_size(self, given: int | None, day: date, campaign: Campaign) -> tuple[int, str]:
        """Clients on the list of a day, and where that is known from."""
        return size_of_day(given, day, campaign, self.store, self.settings)


def service_of(request: Request) -> Service:
    """The service of the app that a request came to."""
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


async def _in_service(request: Request) -> Service:
    return service_of(request)


async def principal_of(request: Request) -> Principal:
    """Who asks, as found before the body was read (`Admission`). The document says how a key is sent (`openapi.SCHEMES`)."""
    principal = request.scope["principal"]
    assert isinstance(principal, Principal)
    return principal


#: Coroutines, though they wait for nothing: FastAPI sends plain functions to a thread, which takes longer than they do.
InService = Annotated[Service, Depends(_in_service)]
CurrentUser = Annotated[Principal, Depends(principal_of)]


def in_thread(route: Callable[Given, Answer]) -> Callable[Given, Coroutine[Any, Any, Answer]]:
    """A route that works in a thread, once: of a plain function FastAPI checks the answer in a further one."""

    @wraps(route)
    async def answer(*given: Given.args, **named: Given.kwargs) -> Answer:
        return await run_in_threadpool(route, *given, **named)

    return answer
