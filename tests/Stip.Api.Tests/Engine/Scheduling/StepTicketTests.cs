using System.Diagnostics.Metrics;
using Stip.Api.Engine;
using Stip.Api.Engine.Scheduling;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Engine.Scheduling;

public sealed class StepTicketTests
{
    // A row of 2 MiB, which has pages of its own.
    private const int VocabSize = 1 << 19;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Step_ThatEndsWithoutAnAnswer_KeepsNoRoomForItsLogits(bool isRefused)
    {
        var recycled = 0;
        var ticket = new StepTicket(new EngineMetrics(new Meter("ticket")), false, _ => recycled++);
        using var step = Step();
        ticket.Begin("alice", step, null, 0, TestContext.Current.CancellationToken);
        ticket.IsServedByItsCaller(true);
        var logits = ticket.Logits;
        Assert.Equal(VocabSize * sizeof(float), logits.Length);
        if (isRefused)
        {
            ticket.Finish(new Refusal(StipErrorCode.NonFiniteInput, "no numbers"));
            Assert.NotNull((await ticket.Answer).Refusal);
        }
        else
        {
            ticket.Fail(new InsufficientMemoryException());
            await Assert.ThrowsAsync<InsufficientMemoryException>(async () => await ticket.Answer);
        }

        Assert.Equal(1, recycled);
        Assert.Throws<ObjectDisposedException>(() => logits.Span.Length);
    }

    private static ValidStep Step()
    {
        var runtime = new FakeRuntime();
        var request = new CompletionRequest(
            "fake", new TensorPayload("float32", [1, FakeRuntime.Hidden], default), MaxLength: 64);
        Assert.True(StepDeclaration.Judge(runtime.Snapshot with { VocabSize = VocabSize }, request, runtime.Options)
            .Is(out var declaration, out _));
        Assert.True(ValidStep.Judge(declaration, new byte[FakeRuntime.Hidden * sizeof(float)]).Is(out var step, out _));
        return step;
    }
}
