using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Stip.Api.Endpoints;
using Stip.Api.Endpoints.Errors;

namespace Stip.Api.Tests.Endpoints;

public sealed class ErrorMiddlewareTests
{
    [Theory]
    [InlineData(true, StatusCodes.Status200OK)]
    [InlineData(false, StatusCodes.Status499ClientClosedRequest)]
    public async Task InvokeAsync_ClientThatIsGone_IsNoFaultWhetherOrNotItsAnswerHasBegun(bool hasBegun, int status)
    {
        var context = new DefaultHttpContext { RequestAborted = new CancellationToken(canceled: true) };
        context.Features.Set<IHttpResponseFeature>(new BegunResponse { HasStarted = hasBegun });
        var middleware = new ErrorMiddleware(
            _ => throw new OperationCanceledException(), NullLogger<ErrorMiddleware>.Instance);

        await middleware.InvokeAsync(context);

        Assert.Equal(status, context.Response.StatusCode);
    }

    // A pipe that is read no more may say so before the request is told of it.
    [Fact]
    public async Task Answer_WhoseReaderIsGoneBeforeTheRequestIsToldSo_IsNoFaultInTheLog()
    {
        var context = new DefaultHttpContext();
        var pipe = new Pipe();
        await pipe.Reader.CompleteAsync();
        var log = new CountingLog();
        var middleware = new ErrorMiddleware(
            async _ => await AnswerPieces.FlushAsync(pipe.Writer, TestContext.Current.CancellationToken), log);

        await middleware.InvokeAsync(context);

        Assert.Equal(0, log.Lines);
        Assert.Equal(StatusCodes.Status499ClientClosedRequest, context.Response.StatusCode);
    }

    private sealed class CountingLog : ILogger<ErrorMiddleware>
    {
        public int Lines { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) => Lines++;
    }

    private sealed class BegunResponse : IHttpResponseFeature
    {
        private int _status = StatusCodes.Status200OK;

        public int StatusCode
        {
            get => _status;
            set => _status = HasStarted ? throw new InvalidOperationException("already started") : value;
        }

        public string? ReasonPhrase { get; set; }

        public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

        public Stream Body { get; set; } = Stream.Null;

        public bool HasStarted { get; init; }

        public void OnStarting(Func<object, Task> callback, object state)
        {
        }

        public void OnCompleted(Func<object, Task> callback, object state)
        {
        }
    }
}
