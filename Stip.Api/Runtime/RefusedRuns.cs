namespace Stip.Api.Runtime;

/// <summary>Tells the operator that a graph would not run what a caller sent: of one caller it is a mistake, of all it
/// is the package. The runtime's own words quote inputs and stay out of the log.</summary>
internal static partial class RefusedRuns
{
    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Model}: its {Part} did not run what was sent ({Code}); if it never does, the package is at fault")]
    public static partial void Write(ILogger log, string model, string part, string code);
}
