using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Tests.Checkpoints;

public sealed class TransposedExpertsTests
{
    [Fact]
    public void Read_AcrossExperts_GivesColumnsAsRows()
    {
        var values = new float[12];

        new TransposedExperts(new Counted("a"), new()).Read(0, values);

        Assert.Equal([0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11], values);
    }

    [Fact]
    public void Read_OfRowsOfOneExpertFromSeveralThreads_TurnsItOnce()
    {
        var source = new Counted("a");
        var tensor = new TransposedExperts(source, new());

        Parallel.For(0, 3, row => tensor.Read(row * 2, new float[2]));

        Assert.Equal(1, source.Reads);
    }

    // What is read again was not kept.
    [Fact]
    public void Read_OfSeveralTensors_KeepsOneExpertForAll()
    {
        var (first, second, kept) = (new Counted("a"), new Counted("b"), new TurnedExpert());
        TransposedExperts[] tensors = [new(first, kept), new(second, kept)];

        foreach (var tensor in (int[])[0, 0, 1, 1, 0])
        {
            tensors[tensor].Read(0, new float[6]);
        }

        Assert.Equal([2, 1], [first.Reads, second.Reads]);
    }

    // Two experts [2, 3] of the numbers from 0 on.
    private sealed record Counted(string Own) : CheckpointTensor(Own, TensorDtype.Float32, [2, 2, 3])
    {
        private int _reads;

        public int Reads => _reads;

        public override void Read(long firstElement, Span<float> values)
        {
            Interlocked.Increment(ref _reads);
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = firstElement + i;
            }
        }
    }
}
