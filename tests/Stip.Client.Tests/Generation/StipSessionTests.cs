using System.Net;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Protocol.Errors;

namespace Stip.Client.Tests.Generation;

public sealed class StipSessionTests : IDisposable
{
    private readonly ToyModelFixture _toy = new();

    public void Dispose() => _toy.Dispose();

    [Fact]
    public async Task AppendAsync_LongPrompt_GoesInChunksThatAddUp()
    {
        var prompt = Enumerable.Range(0, 200).Select(i => i % 64).ToArray();
        await using var session = _toy.Model.OpenSession();

        // A row of the toy has 16 bytes: only the most rows of a step cut it.
        var logits = await session.AppendAsync(prompt, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(_toy.Toy.Logits(prompt), logits.Values.ToArray());
        Assert.Equal(200, _toy.Server.StepRows.Sum());
    }

    [Fact]
    public async Task AppendAsync_StepsThatAreTooLargeOnTheWay_GoInSmallerOnes()
    {
        var prompt = Enumerable.Range(0, 200).Select(i => i % 64).ToArray();
        _toy.Server.MostRows = 60;
        await using var session = _toy.Model.OpenSession();
        await using var next = _toy.Model.OpenSession();

        var logits = await session.AppendAsync(prompt, cancellationToken: TestContext.Current.CancellationToken);
        var scores = await next.ScoreAsync(prompt, TestContext.Current.CancellationToken);

        Assert.Equal(_toy.Toy.Logits(prompt), logits.Values.ToArray());
        Assert.Equal(logits.Values.ToArray(), scores[^1].Values.ToArray());
        Assert.Equal(200, scores.Count);
        // 200 and 100 were refused; what was learnt holds for the model.
        Assert.Equal([50, 50, 50, 50, 50, 50, 50, 50], _toy.Server.StepRows);
        Assert.Equal(10, _toy.Server.Steps.Count);
    }

    [Fact]
    public async Task ScoreAsync_AnswersThatAreTooLarge_LeaveThePromptsOfOthersWhole()
    {
        var prompt = Enumerable.Range(0, 64).ToArray();
        _toy.Server.MostAnswerRows = 1;
        await using var session = _toy.Model.OpenSession();
        await using var next = _toy.Model.OpenSession();

        var scores = await session.ScoreAsync(prompt, TestContext.Current.CancellationToken);
        _toy.Server.StepRows.Clear();
        await next.AppendAsync(prompt, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(64, scores.Count);
        Assert.Equal(_toy.Toy.Logits(prompt), scores[^1].Values.ToArray());
        Assert.Equal([64], _toy.Server.StepRows);
    }

    [Fact]
    public async Task AppendAsync_WayThatWasNarrowForAWhile_GoesInLargeStepsAgain()
    {
        var prompt = Enumerable.Range(0, 200).Select(i => i % 64).ToArray();
        _toy.Server.MostRows = 60;
        for (var i = 0; i < 6; i++)
        {
            _toy.Server.StepRows.Clear();
            await using var session = _toy.Model.OpenSession();
            await session.AppendAsync(prompt, cancellationToken: TestContext.Current.CancellationToken);
            _toy.Server.MostRows = int.MaxValue;
        }

        Assert.Equal([100, 100], _toy.Server.StepRows);
    }

    [Fact]
    public async Task AppendAsync_OneRowThatIsTooLarge_IsRefused()
    {
        _toy.Server.MostRows = 0;
        await using var session = _toy.Model.OpenSession();

        var refusal = await Assert.ThrowsAsync<StipException>(
            () => session.AppendAsync(new[] { 1, 2, 3 }, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(413, refusal.Status);
        Assert.Equal(0, session.Position);
    }

    [Fact]
    public async Task ScoreAsync_ReplayedInBetween_StillBringsTheNewRowsOnly()
    {
        await using var session = _toy.Model.OpenSession();
        await session.AppendAsync(new[] { 5, 6 }, cancellationToken: TestContext.Current.CancellationToken);
        _toy.Server.LoseSessions();

        var rows = await session.ScoreAsync(new[] { 7, 8, 9 }, TestContext.Current.CancellationToken);

        Assert.Equal(3, rows.Count);
        Assert.Equal(_toy.Toy.Logits([5, 6, 7]), rows[0].Values.ToArray());
        Assert.Equal(_toy.Toy.Logits([5, 6, 7, 8, 9]), rows[2].Values.ToArray());
        Assert.Equal(1, session.Usage.Replays);
    }

    [Fact]
    public async Task ContinueAsync_CommonBeginning_SendsOnlyTheRest()
    {
        await using var session = _toy.Model.OpenSession();
        await session.AppendAsync(new[] { 1, 2, 3, 4, 5 }, cancellationToken: TestContext.Current.CancellationToken);

        var logits = await session.ContinueAsync(
            new[] { 1, 2, 3, 9 }, cancellationToken: TestContext.Current.CancellationToken);
        var same = await session.ContinueAsync(
            new[] { 1, 2, 3, 9 }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(_toy.Toy.Logits([1, 2, 3, 9]), logits.Values.ToArray());
        Assert.Equal(logits.Values.ToArray(), same.Values.ToArray());
        Assert.Equal([5, 1, 1], _toy.Server.StepRows);
    }

    [Fact]
    public async Task AppendAsync_RefusedStep_LeavesTheSequenceAsItWas()
    {
        await using var session = _toy.Model.OpenSession();
        await session.AppendAsync(new[] { 1, 2 }, cancellationToken: TestContext.Current.CancellationToken);
        _toy.Server.RefuseNext(HttpStatusCode.BadRequest, StipErrorCode.InvalidRequest);

        await Assert.ThrowsAsync<StipException>(
            () => session.AppendAsync(new[] { 3 }, cancellationToken: TestContext.Current.CancellationToken));
        var logits = await session.AppendAsync(new[] { 4 }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(3, session.Position);
        Assert.Equal(_toy.Toy.Logits([1, 2, 4]), logits.Values.ToArray());
    }

    [Fact]
    public async Task AppendAsync_BeyondTheSession_IsRefusedBeforeAnythingIsSent()
    {
        await using var session = _toy.Model.OpenSession(maxLength: 3);

        var refusal = await Assert.ThrowsAsync<StipException>(
            () => session.AppendAsync(new int[4], cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(StipErrorCode.ContextLengthExceeded, refusal.Code);
        Assert.Empty(_toy.Server.Steps);
    }

    [Fact]
    public async Task AppendAsync_ServerWithAnotherPackage_SendsNothing()
    {
        _toy.Server.Fingerprint = new string('b', 64);
        await using var session = _toy.Model.OpenSession();

        var refusal = await Assert.ThrowsAsync<StipException>(
            () => session.AppendAsync(new[] { 1 }, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(StipErrorCode.PackageInvalid, refusal.Code);
        Assert.Empty(_toy.Server.Steps);
    }

    [Fact]
    public async Task AppendAsync_PackageReplacedWhileTheSessionWasLost_SendsNothingMore()
    {
        await using var session = _toy.Model.OpenSession();
        await session.AppendAsync(new[] { 1 }, cancellationToken: TestContext.Current.CancellationToken);
        _toy.Server.LoseSessions();
        _toy.Server.Fingerprint = new string('b', 64);

        var refusal = await Assert.ThrowsAsync<StipException>(
            () => session.AppendAsync(new[] { 2 }, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(StipErrorCode.PackageInvalid, refusal.Code);
        Assert.Equal(2, _toy.Server.Steps.Count);
    }

    [Fact]
    public async Task AppendAsync_PackageReplacedBeforeANewSession_IsNoAnswerToIt()
    {
        await using var first = _toy.Model.OpenSession();
        await first.AppendAsync(new[] { 1 }, cancellationToken: TestContext.Current.CancellationToken);
        _toy.Server.Fingerprint = new string('b', 64);
        await using var session = _toy.Model.OpenSession();

        var refusal = await Assert.ThrowsAsync<StipException>(
            () => session.AppendAsync(new[] { 2 }, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(StipErrorCode.PackageInvalid, refusal.Code);
        Assert.Equal(0, session.Position);
    }

    [Fact]
    public async Task DisposeAsync_ReleasesTheServersCache()
    {
        await using (var session = _toy.Model.OpenSession())
        {
            await session.AppendAsync(new[] { 1 }, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(1, _toy.Server.SessionCount);
        }

        Assert.Equal(0, _toy.Server.SessionCount);
    }

    [Fact]
    public void StipModel_BundleOfAnEncoder_IsRefused()
    {
        using var folder = new TestKit.TemporaryFolder();
        TestKit.Toys.ToyBundle.Write(folder.Path, _toy.Toy, manifest => manifest["kind"] = "encoder");
        using var bundle = Bundle.Open(folder.Path);

        var refusal = Assert.Throws<BundleException>(() => new StipModel(bundle, _toy.Model.Client));

        Assert.Contains("'encoder'", refusal.Message, StringComparison.Ordinal);
    }
}
