using Microsoft.Extensions.Options;

namespace Stip.Api.Endpoints;

/// <summary>Why the server could not start, a line each; empty for what is a bug.</summary>
internal static class StartFaults
{
    public static IReadOnlyList<string> Of(Exception exception) => exception switch
    {
        AggregateException e => [.. e.InnerExceptions.SelectMany(Of)],
        OptionsValidationException e => [.. e.Failures],
        FormatException { Source: "Microsoft.AspNetCore.Http" } e => [$"--urls: {e.Message}"],
        InvalidOperationException or IOException or UnauthorizedAccessException => [exception.Message],
        _ => [],
    };
}
