using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Stip.Api.Endpoints.Errors;

namespace Stip.Api.Tests.Endpoints.Errors;

/// <summary>Wherever the web server says that a request was given up, it is heard as a reset.</summary>
public sealed class ResettableBodyTests
{
    [Fact]
    public async Task Body_ThatIsGivenUpBeforeItIsRead_IsReset()
    {
        var body = Watched(new FaultyReader(new IOException("reset")));

        await Assert.ThrowsAsync<ConnectionResetException>(
            async () => await body.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Throws<ConnectionResetException>(() => body.TryRead(out _));
    }

    [Fact]
    public void Body_ThatIsGivenUpBetweenTwoReads_IsReset()
    {
        var body = Watched(new FaultyReader(new IOException("reset")));

        Assert.Throws<ConnectionResetException>(() => body.AdvanceTo(default));
        Assert.Throws<ConnectionResetException>(() => body.AdvanceTo(default, default));
    }

    [Fact]
    public void Body_WithAFaultOfAnotherKind_KeepsIt()
    {
        var body = Watched(new FaultyReader(new BadHttpRequestException("too large", 413)));

        Assert.Throws<BadHttpRequestException>(() => body.AdvanceTo(default));
    }

    private static PipeReader Watched(PipeReader reader)
    {
        var context = new DefaultHttpContext();
        context.Request.Protocol = HttpProtocol.Http2;
        context.Features.Set<IRequestBodyPipeFeature>(new Body(reader));
        ResettableBody.Watch(context);
        return context.Request.BodyReader;
    }

    private sealed record Body(PipeReader Reader) : IRequestBodyPipeFeature;

    private sealed class FaultyReader(Exception fault) : PipeReader
    {
        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => throw fault;

        public override bool TryRead(out ReadResult result) => throw fault;

        public override void AdvanceTo(SequencePosition consumed) => throw fault;

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => throw fault;

        public override void CancelPendingRead()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }
    }
}
