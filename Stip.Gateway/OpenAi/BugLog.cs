namespace Stip.Gateway.OpenAi;

/// <summary>Writes a bug to the log: its kind and where it is. Messages of libraries may quote what a user wrote, so
/// none is written.</summary>
internal static partial class BugLog
{
    public static void Write(ILogger logger, Exception fault) => Failed(logger, fault.GetType(), fault.StackTrace);

    public static void Write(HttpContext context, Exception fault) =>
        Write(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(BugLog)), fault);

    [LoggerMessage(Level = LogLevel.Error, Message = "a request failed: {Kind} {Stack}")]
    private static partial void Failed(ILogger logger, Type kind, string? stack);
}
