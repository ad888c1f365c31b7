using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Stip.Api.Endpoints.Errors;

/// <summary>The body of a request over HTTP/2 or later: that its caller gave it up is told as over HTTP/1.1, where the
/// web server tells it as any fault of reading.</summary>
internal sealed class ResettableBody(PipeReader body) : PipeReader, IRequestBodyPipeFeature
{
    public PipeReader Reader => this;

    /// <summary>Stands before the body of a request, where it has one that can be given up alone.</summary>
    public static void Watch(HttpContext context)
    {
        var request = context.Request;
        if (HttpProtocol.IsHttp11(request.Protocol) || HttpProtocol.IsHttp10(request.Protocol)
            || HttpMethods.IsConnect(request.Method)
            || context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            return;
        }

        var watched = new ResettableBody(request.BodyReader);
        request.Body = watched.AsStream();
        context.Features.Set<IRequestBodyPipeFeature>(watched);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await body.ReadAsync(cancellationToken);
        }
        catch (IOException e) when (IsReset(e))
        {
            throw new ConnectionResetException(e.Message, e);
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        try
        {
            return body.TryRead(out result);
        }
        catch (IOException e) when (IsReset(e))
        {
            throw new ConnectionResetException(e.Message, e);
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    // Given up between a read and this, the request is told so here.
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        try
        {
            body.AdvanceTo(consumed, examined);
        }
        catch (IOException e) when (IsReset(e))
        {
            throw new ConnectionResetException(e.Message, e);
        }
    }

    public override void CancelPendingRead() => body.CancelPendingRead();

    public override void Complete(Exception? exception = null) => body.Complete(exception);

    // Those that mean something else, a body that is too large among them, are of kinds of their own.
    private static bool IsReset(IOException fault) => fault.GetType() == typeof(IOException);
}
