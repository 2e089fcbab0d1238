"""Signing up: an account is active once its address is confirmed, by a code or by a link."""

import secrets

from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.core.signing import BadSignature, Signer
from django.http import HttpResponse, HttpResponseBadRequest
from django.urls import reverse
from django.views.decorators.http import require_POST

_signer = Signer(salt="confirm")


@require_POST
def sign_up(request):
    """Make an account that is not active, and send a code and a link to its address."""
    address = request.POST["address"]
    user = get_user_model().objects.create_user(username=address, email=address, is_active=False)
    code = f"{secrets.randbelow(10**6):06}"
    request.session.update({"user": user.pk, "code": code})
    link = request.build_absolute_uri(reverse("confirm", args=[_signer.sign(user.pk)]))
    text = f"Your code is {code}.\n\nOr confirm your address here:\n{link}\n"
    send_mail("Confirm your address", text, None, [address])
    return HttpResponse("Look at your mail.")


@require_POST
def confirm_code(request):
    """Activate the account that was made in this session, if the code is right."""
    code = request.session.pop("code", None)
    if code != request.POST["code"]:
        return HttpResponseBadRequest("Another code was sent.")
    return _activate(request.session["user"])


def confirm_link(_request, token):
    """Activate the account that a link was made for."""
    try:
        return _activate(_signer.unsign(token))
    except BadSignature:
        return HttpResponseBadRequest("This link was never sent.")


def _activate(key):
    get_user_model().objects.filter(pk=key).update(is_active=True)
    return HttpResponse("Welcome to the shop.")
