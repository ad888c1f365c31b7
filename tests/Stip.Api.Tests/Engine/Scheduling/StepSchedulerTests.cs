using Stip.Api.Engine.Scheduling;

namespace Stip.Api.Tests.Engine.Scheduling;

public sealed class StepSchedulerTests
{
    private readonly StepScheduler<Fake> _scheduler = new(maxBatch: 4);
    private readonly List<Fake> _batch = [];

    [Fact]
    public void SingleRows_OfManySessions_RunTogether()
    {
        Add("a", "b", "c");
        Assert.Equal("abc", Next());
        Assert.Equal("", Next());
    }

    [Fact]
    public void Batch_BelowWhatWaits_IsSharedFairlyBetweenOwners()
    {
        Add("a", "a", "a", "a", "a", "b", "c");
        Assert.Equal("abca", Next());
        Assert.Equal("aaa", Next());
    }

    [Fact]
    public void LongStep_TakesTurnsWithSingleRows()
    {
        _scheduler.Add(new Fake("p", 3));
        Add("a");
        Assert.Equal("p", NextLong());
        Add("b");
        Assert.Equal("ab", Next());
        Add("a", "b");
        Assert.Equal("p", NextLong());
        Assert.Equal("ab", Next());
        Assert.Equal("p", NextLong());
        Assert.Equal(0, _scheduler.Waiting);
    }

    [Fact]
    public void LongSteps_OfTwoOwners_TakeTurnsByChunk()
    {
        _scheduler.Add(new Fake("p", 2));
        _scheduler.Add(new Fake("q", 2));
        Assert.Equal("pqpq", NextLong() + NextLong() + NextLong() + NextLong());
    }

    [Fact]
    public void LongStep_ThatIsToGoOnNext_DoesSoBehindSingleRowsAndBeforeOthersOfAnyOwner()
    {
        _scheduler.Add(new Fake("q", 2));
        _scheduler.Add(new Fake("p", 2));
        _scheduler.Next(_batch);
        var first = Assert.Single(_batch);
        _scheduler.AddNext(first);
        Add("a");
        Assert.Equal(3, _scheduler.Waiting);
        Assert.Equal("a", Next());
        _scheduler.Next(_batch);
        Assert.Same(first, Assert.Single(_batch));
        Assert.Equal(1, _scheduler.Waiting);
        Assert.Equal("p", NextLong());
    }

    [Fact]
    public void Gathering_WaitsForTheSessionsOfTheLastBatchOnly()
    {
        Assert.False(_scheduler.ShouldGather);
        Add("a", "b", "c");
        Next();
        _scheduler.Ran(3);
        Add("a", "b");
        Assert.True(_scheduler.ShouldGather);
        Add("c");
        Assert.False(_scheduler.ShouldGather);
        Next();
        _scheduler.Ran(1);
        Assert.False(_scheduler.ShouldGather);
        Assert.True(_scheduler.IsSolo);
    }

    [Fact]
    public void Gathering_CountsWhoCameWhileTheBatchRan()
    {
        Add("a", "b");
        Next();
        Add("c");
        _scheduler.Ran(2);
        Assert.True(_scheduler.ShouldGather);
        Add("a", "b");
        Assert.False(_scheduler.ShouldGather);
    }

    private void Add(params string[] owners)
    {
        foreach (var owner in owners)
        {
            _scheduler.Add(new Fake(owner, 1));
        }
    }

    private string Next()
    {
        _scheduler.Next(_batch);
        return string.Concat(_batch.Select(step => step.Owner));
    }

    private string NextLong()
    {
        _scheduler.Next(_batch);
        var step = Assert.Single(_batch);
        step.RowsLeft--;
        if (step.RowsLeft > 0)
        {
            _scheduler.AddAgain(step);
        }

        return step.Owner;
    }

    private sealed class Fake(string owner, int rows) : IScheduled
    {
        public string Owner => owner;

        public int RowsLeft { get; set; } = rows;
    }
}
