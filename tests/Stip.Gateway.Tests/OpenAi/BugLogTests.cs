using Microsoft.Extensions.Logging;
using Stip.Gateway.OpenAi;

namespace Stip.Gateway.Tests.OpenAi;

public sealed class BugLogTests
{
    [Fact]
    public void Write_FaultThatQuotesAUser_NamesKindAndPlaceOnly()
    {
        var log = new Lines();
        try
        {
            throw new ArgumentException("an item with the same key: what the user wrote");
        }
        catch (ArgumentException fault)
        {
            BugLog.Write(log, fault);
        }

        var line = Assert.Single(log.Written);
        Assert.Contains(nameof(ArgumentException), line, StringComparison.Ordinal);
        Assert.Contains(nameof(Write_FaultThatQuotesAUser_NamesKindAndPlaceOnly), line, StringComparison.Ordinal);
        Assert.DoesNotContain("wrote", line, StringComparison.Ordinal);
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
