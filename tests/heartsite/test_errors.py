"""What went wrong is said in the site's own frame to people and as JSON to programs."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory

from accounts.errors import HeartSiteError
from heartsite import errors
from heartsite.middleware import NamedErrorMiddleware, RequestIdMiddleware


@pytest.fixture
def page_request(rf: RequestFactory):
    request = rf.get("/somewhere/", headers={"accept": "text/html"})
    request.request_id = "abc123"
    return request


def test_an_unknown_page_is_a_page_with_a_reference(db):
    response = Client().get("/nothing/here/", headers={"accept": "text/html"})
    assert response.status_code == 404
    assert response.headers["X-Request-ID"] in response.content.decode()


def test_an_unknown_address_of_the_api_is_json(db):
    response = Client().get("/api/v1/nothing/")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("handler", "status", "words"),
    [
        (errors.bad_request, 400, "make sense"),
        (
            lambda request: errors.permission_denied(request, PermissionDenied("Only reviewers.")),
            403,
            "Only reviewers.",
        ),
        (errors.permission_denied, 403, "role"),
        (errors.not_found, 404, "may see"),
        (errors.server_error, 500, "stored before is safe"),
        (errors.csrf_failure, 403, "reload"),
    ],
)
def test_every_handler_answers_people_and_programs(handler, status, words, page_request, rf):
    page_request.user = type("Nobody", (), {"is_authenticated": False})()
    page = handler(page_request)
    assert (page.status_code, words in page.content.decode()) == (status, True)
    program = handler(rf.get("/api/v1/x/"))
    assert program.status_code == status
    assert program["Content-Type"] == "application/json"


def test_a_named_error_keeps_its_code_and_status(rf, db, page_request):
    page_request.user = type("Nobody", (), {"is_authenticated": False})()
    middleware = NamedErrorMiddleware(None)
    error = HeartSiteError("upload.undecodable", "This file holds no sound that we can read.", 422)
    page = middleware.process_exception(page_request, error)
    assert page.status_code == 422
    assert "no sound that we can read" in page.content.decode()
    program = middleware.process_exception(rf.get("/", headers={"accept": "application/json"}), error)
    assert b'"upload.undecodable"' in program.content
    assert middleware.process_exception(page_request, ValueError()) is None


def test_the_request_id_is_ours_and_not_the_clients(rf):
    def answer(request):
        from django.http import HttpResponse

        return HttpResponse(request.request_id)

    response = RequestIdMiddleware(answer)(rf.get("/", headers={"x-request-id": "forged\nline"}))
    assert response["X-Request-ID"] == response.content.decode()
    assert "forged" not in response["X-Request-ID"]
