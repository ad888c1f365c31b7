using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
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
