"""Tokens and errors as JSON."""

from __future__ import annotations

from rest_framework import serializers

from accounts.models import ApiToken
from accounts.services.tokens import LONGEST_DAYS


class ErrorBodySerializer(serializers.Serializer):
    code = serializers.CharField(help_text="Stable, such as upload.truncated.")
    message = serializers.CharField(help_text="A sentence for a person.")
    fields = serializers.DictField(required=False, help_text="What is wrong with each field.")


class ErrorSerializer(serializers.Serializer):
    error = ErrorBodySerializer()


class TokenSerializer(serializers.ModelSerializer):
    class Meta:
        model = ApiToken
        fields = [
            "id",
            "name",
            "prefix",
            "read_only",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        ]
        read_only_fields = fields


class TokenWithSecretSerializer(TokenSerializer):
    secret = serializers.CharField(
        read_only=True, help_text="Shown once. Send it as: Authorization: Token <secret>"
    )

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class NewTokenSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=100)
    days = serializers.IntegerField(min_value=1, max_value=LONGEST_DAYS, default=90)
    read_only = serializers.BooleanField(default=True)
