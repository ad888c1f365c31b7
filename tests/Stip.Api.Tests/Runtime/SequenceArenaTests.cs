using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine.Caches;
using Stip.Api.Runtime;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Runtime;

/// <summary>What is kept of sources, and that nothing of it stays.</summary>
public sealed class SequenceArenaTests
{
    private const int Rows = 3;
    private const int Width = 4;
    private readonly float[] _states = Filled();
    private readonly float[] _cross = Filled();

    [Fact]
    public void Clear_BeforeTheFirstStep_ZeroesTheStates()
    {
        using var arena = Arena();
        arena.Set(0, Source());

        arena.Clear(0, usedTokens: 1);

        Assert.All(_states, number => Assert.Equal(0, number));
        Assert.Throws<InvalidOperationException>(() => arena.SourceOf(0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Clear_AfterTheFirstStep_ZeroesWhatItGave(bool keepsStates)
    {
        using var arena = Arena();
        arena.Set(0, Source());
        arena.SourceOf(0).Keep([Value(_cross)], keepsStates);
        Assert.Equal(keepsStates, _states[0] != 0);
        Assert.NotEqual(0, _cross[0]);

        arena.Clear(0, usedTokens: 1);

        Assert.All(_states.Concat(_cross), number => Assert.Equal(0, number));
    }

    [Fact]
    public void Clear_OfASlotThatSharesItsSource_LeavesItToTheLast()
    {
        using var arena = Arena();
        arena.Set(0, Source());
        arena.SourceOf(0).Keep([Value(_cross)], keepsStates: false);
        arena.Copy(0, arena, 1, usedTokens: 1);

        arena.Clear(0, usedTokens: 1);
        Assert.NotEqual(0, _cross[0]);
        arena.Clear(1, usedTokens: 1);

        Assert.All(_cross, number => Assert.Equal(0, number));
    }

    [Fact]
    public void Set_OfAnotherSource_ZeroesTheFirst()
    {
        using var arena = Arena();
        arena.Set(0, Source());

        arena.Set(0, null);

        Assert.All(_states, number => Assert.Equal(0, number));
    }

    [Fact]
    public void Dispose_WithSources_ZeroesThem()
    {
        var arena = Arena();
        arena.Set(1, Source());
        arena.SourceOf(1).Keep([Value(_cross)], keepsStates: true);

        arena.Dispose();

        Assert.All(_states.Concat(_cross), number => Assert.Equal(0, number));
    }

    [Fact]
    public void Lengthen_ZeroesTheShorterTensors()
    {
        using var arena = Arena();
        arena.Set(0, Source());
        arena.SourceOf(0).Keep([Value(_cross)], keepsStates: true);

        arena.SourceOf(0).Lengthen(
            16, SourcePadding.Mask(Rows, 16), (value, _) => SourcePadding.Lengthened(value, 1, [1, 16, Width]));

        Assert.All(_states.Concat(_cross), number => Assert.Equal(0, number));
        var source = arena.SourceOf(0);
        Assert.Equal((Rows, 16), (source.Rows, source.KeptRows));
        var kept = source.Cross[0].GetTensorDataAsSpan<float>().ToArray();
        Assert.Equal(Filled(), kept[..(Rows * Width)]);
        Assert.All(kept[(Rows * Width)..], number => Assert.Equal(0, number));
        Assert.Equal(Rows, source.Mask.GetTensorDataAsSpan<long>().ToArray().Sum());
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    public void Lengthen_WithoutMemoryForOneOfThem_LeavesTheSourceAsItWas(bool keepsStates, int failing)
    {
        using var arena = Arena();
        float[] second = Filled();
        arena.Set(0, Source());
        var source = arena.SourceOf(0);
        source.Keep([Value(_cross), Value(second)], keepsStates);
        var made = new List<float[]>();

        Assert.Throws<InsufficientMemoryException>(() => source.Lengthen(16, SourcePadding.Mask(Rows, 16), (_, _) =>
        {
            made.Add(Filled());
            return made.Count <= failing ? Value(made[^1]) : throw new InsufficientMemoryException();
        }));

        Assert.Equal((Rows, Rows), (source.KeptRows, source.Mask.GetTensorDataAsSpan<long>().Length));
        Assert.Equal(Filled(), source.Cross[0].GetTensorDataAsSpan<float>().ToArray());
        Assert.Equal(Filled(), source.Cross[1].GetTensorDataAsSpan<float>().ToArray());
        Assert.Equal(keepsStates ? Filled() : new float[Rows * Width], _states);

        // What was made before it is zeroed; only the one that there was no memory for was never filled.
        Assert.All(made[..failing].SelectMany(numbers => numbers), number => Assert.Equal(0, number));
        arena.Clear(0, usedTokens: 1);
        Assert.All(_cross.Concat(second), number => Assert.Equal(0, number));
    }

    private static SequenceArena Arena() => new(new CacheShape(
        TensorDtype.Float32, [new CacheTensor("past", "present", [0, 1, 0, Width], Length: 2, Batch: 0)], Slots: 2,
        CapacityTokens: 4));

    private ReadSource Source() => new(Rows, SourcePadding.Mask(Rows, Rows), Value(_states));

    private static OrtValue Value(float[] numbers) =>
        OrtValue.CreateTensorValueFromMemory(numbers, [1, Rows, Width]);

    private static float[] Filled() => [.. Enumerable.Range(1, Rows * Width)];
}
