using Stip.Export.Checkpoints.Gguf.Blocks;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>How elements are stored: in blocks of some length, each of some bytes.</summary>
/// <param name="Name">Name that llama.cpp gives it.</param>
/// <param name="BlockLength">Elements of a block.</param>
/// <param name="BlockBytes">Bytes of a block.</param>
/// <param name="Decode">Writes the elements of one block as float32.</param>
internal sealed record GgmlType(string Name, int BlockLength, int BlockBytes, BlockDecoder Decode)
{
    private static readonly Dictionary<uint, GgmlType> Known = new()
    {
        [0] = new("F32", 1, 4, PlainBlocks.Float32),
        [1] = new("F16", 1, 2, PlainBlocks.Float16),
        [2] = new("Q4_0", 32, 18, SmallBlocks.Q4_0),
        [3] = new("Q4_1", 32, 20, SmallBlocks.Q4_1),
        [6] = new("Q5_0", 32, 22, SmallBlocks.Q5_0),
        [7] = new("Q5_1", 32, 24, SmallBlocks.Q5_1),
        [8] = new("Q8_0", 32, 34, SmallBlocks.Q8_0),
        [10] = new("Q2_K", 256, 84, SuperBlocks.Q2_K),
        [11] = new("Q3_K", 256, 110, SuperBlocks.Q3_K),
        [12] = new("Q4_K", 256, 144, SuperBlocks.Q4_K),
        [13] = new("Q5_K", 256, 176, SuperBlocks.Q5_K),
        [14] = new("Q6_K", 256, 210, SuperBlocks.Q6_K),
        [16] = new("IQ2_XXS", 256, 66, GridBlocks.Iq2Xxs),
        [17] = new("IQ2_XS", 256, 74, GridBlocks.Iq2Xs),
        [18] = new("IQ3_XXS", 256, 98, GridBlocks.Iq3Xxs),
        [19] = new("IQ1_S", 256, 50, OneBitBlocks.Iq1S),
        [20] = new("IQ4_NL", 32, 18, CodebookBlocks.Iq4Nl),
        [21] = new("IQ3_S", 256, 110, GridBlocks.Iq3S),
        [22] = new("IQ2_S", 256, 82, GridBlocks.Iq2S),
        [23] = new("IQ4_XS", 256, 136, CodebookBlocks.Iq4Xs),
        [29] = new("IQ1_M", 256, 56, OneBitBlocks.Iq1M),
        [30] = new("BF16", 1, 2, PlainBlocks.BFloat16),
        [34] = new("TQ1_0", 256, 54, TernaryBlocks.Tq1_0),
        [35] = new("TQ2_0", 256, 66, TernaryBlocks.Tq2_0),
        [39] = new("MXFP4", 32, 17, FloatBlocks.Mxfp4),
        [41] = new("Q1_0", 128, 18, TernaryBlocks.Q1_0),
        [42] = new("Q2_0", 64, 18, TernaryBlocks.Q2_0),
    };

    // Types that exist and are refused by name.
    private static readonly (uint Number, string Name)[] Others =
    [
        (4, "Q4_2"), (5, "Q4_3"), (9, "Q8_1"), (15, "Q8_K"), (24, "I8"), (25, "I16"), (26, "I32"), (27, "I64"),
        (28, "F64"), (31, "Q4_0_4_4"), (32, "Q4_0_4_8"), (33, "Q4_0_8_8"), (36, "IQ4_NL_4_4"), (37, "IQ4_NL_4_8"),
        (38, "IQ4_NL_8_8"), (40, "NVFP4"),
    ];

    /// <summary>Names of all that can be read.</summary>
    public static string Supported => string.Join(", ", Known.Values.Select(type => type.Name));

    /// <summary>The type of a number, null where it cannot be read.</summary>
    public static GgmlType? Find(uint number) => Known.GetValueOrDefault(number);

    /// <summary>The type of a name that <see cref="Supported"/> lists.</summary>
    public static GgmlType Named(string name) => Known.Values.First(type => type.Name == name);

    /// <summary>The number that stands for this type in a file.</summary>
    public uint Number => Known.First(entry => entry.Value == this).Key;

    /// <summary>What to call a type that cannot be read.</summary>
    public static string Describe(uint number) =>
        Array.Find(Others, other => other.Number == number).Name is { } name
            ? $"{name} ({number})"
            : $"{number}, which is unknown";
}
