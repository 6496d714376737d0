"""Score a customer: the form, the answer with its reasons, and what would change it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from bank_marketing.contract import Contract
from bank_marketing.contract.model import Column
from bank_marketing.serving.forms import FormSubmission, day_question
from bank_marketing.serving.identity import CSRF_HEADER, Principal
from bank_marketing.serving.model_cache import ServingState
from bank_marketing.serving.predicting import Prediction, PredictionContext, check_day, model_brief
from bank_marketing.serving.problems import FieldProblem, ProblemError
from bank_marketing.serving.service import InService, Service
from bank_marketing.serving.web import PageUser, render

router = APIRouter()


@router.get("/score")
def form(request: Request, service: InService, user: PageUser) -> HTMLResponse:
    """The empty form, with sensible defaults."""
    return form_page(request, service, user, {})


@router.post("/score")
async def score(request: Request, service: InService, user: PageUser) -> HTMLResponse:
    """Score what was filled in. With JavaScript the page asks for the answer alone (`X-Fragment`), without it for the whole page."""
    given = await _given(request, service, user)
    return await _in_thread(_score, request, service, user, given)


@router.post("/score/what-if")
async def what_if(request: Request, service: InService, user: PageUser) -> HTMLResponse:
    """The customer with some fields changed, beside the customer as scored (fields `base_…`). Nothing is stored."""
    given = await _given(request, service, user)
    return await _in_thread(_what_if, request, service, user, given)


async def _in_thread(function: Any, *arguments: Any) -> HTMLResponse:
    answer: HTMLResponse = await run_in_threadpool(function, *arguments)
    return answer


async def _given(request: Request, service: Service, user: Principal) -> dict[str, str]:
    """The form's fields, once its token was checked."""
    async with request.form(max_files=0, max_fields=100, max_part_size=2_000) as sent:
        given = {name: value for name, value in sent.items() if isinstance(value, str)}
    service.identity.check_form(user, request.headers.get(CSRF_HEADER) or given.get("csrf", ""))
    return given


def _score(request: Request, service: Service, user: Principal, given: dict[str, str]) -> HTMLResponse:
    submission = service.form.read(given)
    loaded = service.predictor.loaded()
    day = submission.day or loaded.campaign.next_day
    errors = submission.errors or _day_errors(loaded, submission, day)
    if errors or submission.row is None:
        return form_page(request, service, user, given, status=422, errors=errors)
    size = service.list_size(None, day, loaded.campaign)
    made = service.predictor.predict(loaded, [submission.row], PredictionContext(day, size[0], user.name, "api"))[0]
    return form_page(request, service, user, given, result=_result(service, loaded, made, day, size))


def _what_if(request: Request, service: Service, user: Principal, given: dict[str, str]) -> HTMLResponse:
    contract = service.campaign.contract
    base = service.form.read(given, "base_")
    given, followed = service.form.with_followers(given, base)
    changed = service.form.read(given)
    if base.row is None or changed.row is None:
        return render(request, "form_errors.html.j2", user, status=422, errors=_titled(changed.errors or base.errors, contract))
    loaded = service.predictor.loaded()
    day = changed.day or loaded.campaign.next_day
    errors = _day_errors(loaded, changed, day)
    if errors:
        return render(request, "form_errors.html.j2", user, status=422, errors=_titled(errors, contract))
    size = service.list_size(None, day, loaded.campaign)
    both = service.predictor.explore(loaded, [base.row, changed.row], day, size[0])
    changes = [
        (column.title, _said(column, base.row[column.name]), _said(column, changed.row[column.name]))
        for column in contract.attributes
        if base.row[column.name] != changed.row[column.name]
    ]
    result = _result(service, loaded, both[1], day, size)
    return render(
        request,
        "what_if.html.j2",
        user,
        before=both[0],
        result=result,
        changes=changes,
        followed=followed,
        followers=[(contract[name].title, _said(contract[name], value)) for name, value in followed.items()],
    )


def _said(column: Column, value: Any) -> str:
    return "" if value is None else column.label(value) if column.categories else str(value)


def _day_errors(loaded: ServingState, submission: FormSubmission, day: Any) -> tuple[FieldProblem, ...]:
    try:
        check_day(loaded, [submission.row] if submission.row else [], day, "")
    except ProblemError as error:
        return tuple(error.errors)
    question = "" if submission.sure else day_question(loaded.campaign, day)
    return (FieldProblem(field="day", problem=question),) if question else ()


def _result(service: Service, loaded: ServingState, made: Prediction, day: Any, size: tuple[int, str]) -> dict[str, Any]:
    """What the answer shows. Bars are scaled to the strongest reason."""
    strongest = max((abs(reason.effect) for reason in made.reasons), default=1.0)
    return {
        "made": made,
        "day": day,
        "threshold": loaded.threshold,
        "model": model_brief(loaded),
        "campaign": service.predictor.campaign_brief(loaded, day),
        "list_size": size[0],
        "list_size_from": size[1],
        "break_even": loaded.scorer.economics.break_even,
        "bars": [round(46 * abs(reason.effect) / strongest, 1) for reason in made.reasons],
        "synthetic": loaded.campaign.synthetic,
    }


def _titles(contract: Contract) -> dict[str, str]:
    return {column.name: column.title for column in contract.columns} | {"day": "Day of the call"}


def _titled(errors: tuple[FieldProblem, ...], contract: Contract) -> list[tuple[str, str, str]]:
    """Field, its title and the problem, in the page's words."""
    titles = _titles(contract)
    return [(error.field, titles.get(error.field, "The customer"), error.problem) for error in errors]


def form_page(
    request: Request,
    service: Service,
    user: Principal,
    given: dict[str, str],
    *,
    status: int = 200,
    errors: tuple[FieldProblem, ...] = (),
    result: dict[str, Any] | None = None,
) -> HTMLResponse:
    """The form with what was given, and the answer or what is wrong with it."""
    contract = service.campaign.contract
    if request.headers.get("x-fragment"):
        name = "form_errors.html.j2" if errors else "result.html.j2"
        return render(request, name, user, status=status, errors=_titled(errors, contract), result=result)
    campaign = service.models.current.campaign if service.models.current else None
    groups = service.form.groups(campaign, given)
    day = given.get("day") or (campaign.next_day.isoformat() if campaign else "")
    named = {error.field: error.problem for error in errors}
    return render(
        request,
        "score.html.j2",
        user,
        status=status,
        groups=groups,
        day=day,
        errors=_titled(errors, contract),
        named=named,
        result=result,
    )
