"""Analyses as JSON. What the model said comes from a VisibleResult, never from the row."""

from __future__ import annotations

from rest_framework import serializers

from analysis.models import Analysis, ModelVersion


class ModelVersionSerializer(serializers.ModelSerializer):
    class Meta:
        model = ModelVersion
        fields = ["id", "name", "version", "stage", "registered_at"]
        read_only_fields = fields


class AnalysisSerializer(serializers.ModelSerializer):
    """Where an analysis stands, without its result."""

    recording = serializers.UUIDField(source="recording_id", read_only=True)
    model = ModelVersionSerializer(source="model_version", read_only=True)

    class Meta:
        model = Analysis
        fields = [
            "id",
            "recording",
            "model",
            "status",
            "attempts",
            "error_code",
            "error_message",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields


class InsightSerializer(serializers.Serializer):
    topic = serializers.CharField()
    text = serializers.CharField()


class ResultSerializer(serializers.Serializer):
    label = serializers.ChoiceField(choices=Analysis.Label.choices)
    headline = serializers.CharField()
    sentence = serializers.CharField()
    unsure_reason = serializers.ChoiceField(choices=Analysis.UnsureReason.choices, allow_blank=True)
    probability_abnormal = serializers.FloatField(help_text="0 to 1, calibrated.")
    threshold = serializers.FloatField()
    unsure_band = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    operating_point = serializers.CharField()
    wanted_sensitivity = serializers.FloatField(
        allow_null=True, help_text="What the clinic asked for, where the operating point is adjusted."
    )
    heart_rate_bpm = serializers.FloatField(allow_null=True)
    quality_usable = serializers.BooleanField(allow_null=True)
    quality_score = serializers.FloatField(allow_null=True)
    quality_reasons = serializers.ListField(child=serializers.CharField())
    s1_times_s = serializers.ListField(child=serializers.FloatField())
    s2_times_s = serializers.ListField(child=serializers.FloatField())
    elapsed_ms = serializers.FloatField(allow_null=True)
    insights = InsightSerializer(many=True)
    disclaimer = serializers.CharField()
    device_note = serializers.CharField(allow_blank=True)


class AnalysisWithResultSerializer(AnalysisSerializer):
    result = ResultSerializer(
        read_only=True, allow_null=True, help_text="Null until it is done, or while you may not see it."
    )

    class Meta(AnalysisSerializer.Meta):
        fields = [*AnalysisSerializer.Meta.fields, "result"]
        read_only_fields = fields


class NewAnalysisSerializer(serializers.Serializer):
    recording = serializers.UUIDField()
    model = serializers.UUIDField(required=False, help_text="A model version; the current one by default.")


class AnalysisQuerySerializer(serializers.Serializer):
    recording = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(choices=Analysis.Status.choices, required=False)
