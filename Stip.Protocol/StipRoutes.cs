namespace Stip.Protocol;

/// <summary>Paths and media types of the HTTP contract.</summary>
public static class StipRoutes
{
    /// <summary>Prefill or decode steps of a decoder.</summary>
    public const string Completions = "/v1/permuted/completions";

    /// <summary>The same steps over a WebSocket, one binary message each.</summary>
    public const string CompletionStream = "/v1/permuted/completions/stream";

    /// <summary>One pass of an encoder, vision or embedding graph.</summary>
    public const string Forward = "/v1/permuted/forward";

    /// <summary>Sessions: the KV caches that the server holds.</summary>
    public const string Sessions = "/v1/permuted/sessions";

    /// <summary>Models that the server hosts.</summary>
    public const string Models = "/v1/models";

    /// <summary>Resumable uploads of package files.</summary>
    public const string Uploads = "/v1/uploads";

    /// <summary>API keys.</summary>
    public const string ApiKeys = "/v1/api_keys";

    /// <summary>The audit log of administrative acts.</summary>
    public const string AuditEvents = "/v1/audit_events";

    /// <summary>The OpenAPI document.</summary>
    public const string OpenApi = "/openapi/v1.json";

    /// <summary>Liveness: the process answers.</summary>
    public const string HealthLive = "/health/live";

    /// <summary>Readiness: models can be asked.</summary>
    public const string HealthReady = "/health/ready";

    /// <summary>Metrics in Prometheus' text form.</summary>
    public const string Metrics = "/metrics";

    /// <summary>The Swagger page.</summary>
    public const string Swagger = "/swagger";

    /// <summary>The media type of tensors as one safetensors file.</summary>
    public const string SafetensorsMediaType = "application/x-safetensors";
}
