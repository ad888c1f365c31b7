namespace Stip.Export.Checkpoints.Packed;

/// <summary>How a tool lays small whole numbers into words of 32 bits, and what it calls the parts.</summary>
/// <param name="Numbers">Ending of the name of the numbers, in the place of <c>weight</c>.</param>
/// <param name="Zeros">Ending of the name of what is subtracted from them.</param>
/// <param name="Scales">Ending of the name of the factors.</param>
/// <param name="Groups">Ending of the name of what says which group an input belongs to.</param>
internal sealed record PackedLayout(string Numbers, string Zeros, string Scales, string Groups)
{
    // AWQ's kernels want even outputs before odd ones.
    private static readonly int[] EvenFirst = [0, 4, 1, 5, 2, 6, 3, 7];

    /// <summary>GPTQ (arXiv 2210.17323): words hold neighbouring inputs, zeros neighbouring outputs.</summary>
    public static PackedLayout Gptq { get; } = new("qweight", "qzeros", "scales", "g_idx");

    /// <summary>AWQ (arXiv 2306.00978): words hold eight outputs, even ones first.</summary>
    public static PackedLayout Awq { get; } = Gptq with { OutputsTogether = true };

    /// <summary>compressed-tensors' <c>pack-quantized</c>: rows of outputs, words of neighbouring inputs.</summary>
    public static PackedLayout Rows { get; } =
        new("weight_packed", "weight_zero_point", "weight_scale", "weight_g_idx") { OutputsFirst = true };

    /// <summary>What is stored of a zero is this much less, in as many bits as a number has: 1 less than 0 is the
    /// largest.</summary>
    public int ZeroOffset { get; init; }

    /// <summary>Bits of a number; null where the sizes tell.</summary>
    public int? Bits { get; init; }

    /// <summary>Inputs of a group; null for one group, or where the factors tell.</summary>
    public int? GroupSize { get; init; }

    /// <summary>True where a word holds outputs, not inputs.</summary>
    public bool OutputsTogether { get; init; }

    /// <summary>True where outputs are the first axis of everything.</summary>
    public bool OutputsFirst { get; init; }

    /// <summary>True where words of so many numbers can hold a matrix: only rows of inputs may end in a word that is
    /// filled up.</summary>
    public bool CanHold(long outputs, long inputs, int perWord) =>
        OutputsFirst || (OutputsTogether ? outputs : inputs) % perWord == 0;

    /// <summary>Words that hold so many numbers: what is left in the last one says nothing.</summary>
    public static long Words(long numbers, int perWord) => (numbers + perWord - 1) / perWord;

    /// <summary>Shape of the numbers of a matrix.</summary>
    public (long, long) NumbersShape(long outputs, long inputs, int perWord) =>
        OutputsFirst ? (outputs, Words(inputs, perWord))
        : OutputsTogether ? (inputs, Words(outputs, perWord))
        : (Words(inputs, perWord), outputs);

    /// <summary>The word of a number, and its place in it.</summary>
    public (long Word, int Place) Number(long output, long input, long outputs, long inputs, int perWord) =>
        OutputsFirst ? ((output * Words(inputs, perWord)) + (input / perWord), (int)(input % perWord))
        : OutputsTogether ? ((input * Words(outputs, perWord)) + (output / perWord), EvenFirst[output % perWord])
        : ((input / perWord * outputs) + output, (int)(input % perWord));

    /// <summary>The word of a zero, and its place in it.</summary>
    public (long Word, int Place) Zero(long output, long group, long outputs, long groups, int perWord) =>
        OutputsFirst ? ((output / perWord * groups) + group, (int)(output % perWord))
        : ((group * Words(outputs, perWord)) + (output / perWord),
            OutputsTogether ? EvenFirst[output % perWord] : (int)(output % perWord));
}
