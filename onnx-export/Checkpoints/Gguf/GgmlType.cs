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
        [20] = new("IQ4_NL", 32, 18, CodebookBlocks.Iq4Nl),
        [23] = new("IQ4_XS", 256, 136, CodebookBlocks.Iq4Xs),
        [30] = new("BF16", 1, 2, PlainBlocks.BFloat16),
    };

    // Types that exist and are refused by name.
    private static readonly (uint Number, string Name)[] Others =
    [
        (4, "Q4_2"), (5, "Q4_3"), (9, "Q8_1"), (15, "Q8_K"), (16, "IQ2_XXS"), (17, "IQ2_XS"), (18, "IQ3_XXS"),
        (19, "IQ1_S"), (21, "IQ3_S"), (22, "IQ2_S"), (24, "I8"), (25, "I16"), (26, "I32"), (27, "I64"), (28, "F64"),
        (29, "IQ1_M"), (31, "Q4_0_4_4"), (32, "Q4_0_4_8"), (33, "Q4_0_8_8"), (34, "TQ1_0"), (35, "TQ2_0"),
        (39, "MXFP4"),
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
