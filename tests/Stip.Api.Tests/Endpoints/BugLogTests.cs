using Microsoft.Extensions.Logging;
using Stip.Api.Endpoints.Errors;

namespace Stip.Api.Tests.Endpoints;

public sealed class BugLogTests
{
    [Fact]
    public void Write_FaultThatQuotesACaller_NamesKindAndPlaceOnly()
    {
        var log = new Lines();
        try
        {
            Fail();
        }
        catch (InvalidOperationException fault)
        {
            BugLog.Write(log, fault, "req_1");
        }

        Assert.Equal(2, log.Written.Count);
        Assert.All(log.Written, line => Assert.Contains("req_1", line, StringComparison.Ordinal));
        Assert.Contains(nameof(InvalidOperationException), log.Written[0], StringComparison.Ordinal);
        Assert.Contains(nameof(ArgumentException), log.Written[1], StringComparison.Ordinal);
        Assert.Contains(nameof(Fail), log.Written[1], StringComparison.Ordinal);
        Assert.All(log.Written, line => Assert.DoesNotContain("caller", line, StringComparison.Ordinal));
    }

    private static void Fail()
    {
        try
        {
            throw new ArgumentException("an item with the same key: what the caller sent");
        }
        catch (ArgumentException inner)
        {
            throw new InvalidOperationException("the caller sent this", inner);
        }
    }

    private sealed class Lines : ILogger
    {
        public List<string> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) => Written.Add(formatter(state, exception) + exception);
    }
}
