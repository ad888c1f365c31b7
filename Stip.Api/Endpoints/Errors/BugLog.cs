namespace Stip.Api.Endpoints.Errors;

/// <summary>Writes a bug to the log: its kind and where it is. Messages of libraries may quote what a user sent, so
/// none is written.</summary>
internal static partial class BugLog
{
    public static void Write(ILogger logger, Exception fault, string requestId)
    {
        for (var inner = fault; inner is not null; inner = inner.InnerException)
        {
            Failed(logger, requestId, inner.GetType(), inner.StackTrace);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {RequestId} failed: {Kind} {Stack}")]
    private static partial void Failed(ILogger logger, string requestId, Type kind, string? stack);
}
