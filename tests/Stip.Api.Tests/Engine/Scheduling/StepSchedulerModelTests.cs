using Stip.Api.Engine.Scheduling;

namespace Stip.Api.Tests.Engine.Scheduling;

/// <summary>The scheduler under random arrivals, against what it promises.</summary>
public sealed class StepSchedulerModelTests
{
    private const int MaxBatch = 4;
    private const int Chunk = 128;
    private static readonly string[] Owners = ["a", "b", "c", "d", "e"];
    private readonly StepScheduler<Fake> _scheduler = new(MaxBatch);
    private readonly List<Fake> _waiting = [];
    private readonly List<Fake> _batch = [];
    private int _chunksInARow;
    private int _number;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Steps_ArrivingAtRandom_RunOnceInOrderAndInFairTurns(int seed)
    {
        var random = new Random(seed);
        for (var turn = 0; turn < 3000; turn++)
        {
            for (var arrivals = random.Next(4); arrivals > 0; arrivals--)
            {
                Add(Owners[random.Next(Owners.Length)], random.Next(10) == 0 ? random.Next(2, 1000) : 1);
            }

            TakeATurn();
        }

        while (_waiting.Count > 0)
        {
            TakeATurn();
        }

        Assert.Equal(0, _scheduler.Waiting);
    }

    [Fact]
    public void DecodingSessions_WhilePromptsOf4000TokensArrive_WaitForOneChunkBetweenTwoOfTheirRows()
    {
        string[] decoding = ["a", "b", "c", "d"];
        foreach (var prompt in new[] { "p", "q", "r" })
        {
            Add(prompt, 4000);
        }

        var chunksOf = new Dictionary<string, int> { ["p"] = 0, ["q"] = 0, ["r"] = 0 };
        var batches = 0;
        while (_waiting.Any(step => step.Rows > 1))
        {
            // Whoever got a token comes back for the next one.
            foreach (var owner in decoding.Where(owner => _waiting.All(step => step.Owner != owner)))
            {
                Add(owner, 1);
            }

            TakeATurn();
            if (_batch[0].Rows > 1)
            {
                Assert.True(_chunksInARow <= 1);
                chunksOf[_batch[0].Owner]++;
                Assert.InRange(chunksOf.Values.Max() - chunksOf.Values.Min(), 0, 1);
            }
            else
            {
                Assert.Equal(decoding.Length, _batch.Count);
                batches++;
            }
        }

        Assert.Equal(3 * 32, chunksOf.Values.Sum());
        Assert.InRange(batches, 3 * 32 - 1, 3 * 32 + 1);
    }

    private void Add(string owner, int rows)
    {
        var step = new Fake(owner, rows, _number++);
        _waiting.Add(step);
        _scheduler.Add(step);
    }

    private void TakeATurn()
    {
        var single = _waiting.Where(step => step.Rows == 1).ToArray();
        var isLongWaiting = _waiting.Count > single.Length;
        _scheduler.Next(_batch);
        Assert.Equal(_waiting.Count == 0, _batch.Count == 0);
        if (_batch.Count == 0)
        {
            return;
        }

        if (_batch[0].Rows > 1)
        {
            var step = Assert.Single(_batch);
            Assert.Contains(step, _waiting);
            _chunksInARow = single.Length > 0 ? _chunksInARow + 1 : 0;
            Assert.True(_chunksInARow <= 1, "two chunks ran while single rows waited");
            step.RowsLeft -= Math.Min(Chunk, step.RowsLeft);
            if (step.RowsLeft == 0)
            {
                _waiting.Remove(step);
            }
            else
            {
                _scheduler.AddAgain(step);
            }

            return;
        }

        _chunksInARow = 0;
        JudgeRows(single);
        _batch.ForEach(step => Assert.True(_waiting.Remove(step), "a step ran twice"));
        Assert.Equal(_waiting.Count, _scheduler.Waiting);
        Assert.Equal(isLongWaiting, _waiting.Any(step => step.Rows > 1));
    }

    // As many as fit; of each owner the oldest; nobody gets two more than one who still waits.
    private void JudgeRows(Fake[] single)
    {
        Assert.Equal(Math.Min(MaxBatch, single.Length), _batch.Count);
        foreach (var owner in Owners)
        {
            var own = single.Where(step => step.Owner == owner).OrderBy(step => step.Number).ToArray();
            var taken = _batch.Where(step => step.Owner == owner).ToArray();
            Assert.Equal(own.Take(taken.Length), taken);
            if (taken.Length < own.Length)
            {
                var most = _batch.GroupBy(step => step.Owner).Max(group => group.Count());
                Assert.True(most <= taken.Length + 1, "an owner got two more rows than one who waits");
            }
        }
    }

    private sealed class Fake(string owner, int rows, int number) : IScheduled
    {
        public string Owner => owner;

        /// <summary>Of the whole step.</summary>
        public int Rows { get; } = rows;

        public int Number => number;

        public int RowsLeft { get; set; } = rows;
    }
}
