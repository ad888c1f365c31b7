using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Stip.TestKit.Toys;

/// <summary>A decoder that needs no runtime: its logits depend on every token of the sequence and on their order, so a
/// lost,
/// doubled or misplaced row shows in the next token.</summary>
public sealed class ToyModel
{
    /// <summary>A model of that many tokens; its permutation of the logits is fixed by the seed.</summary>
    public ToyModel(int vocabSize = 64, int hiddenSize = 4, int seed = 1)
    {
        (VocabSize, HiddenSize) = (vocabSize, hiddenSize);
        Permutation = Enumerable.Range(0, vocabSize).ToArray();
#pragma warning disable CA5394 // a toy's permutation is no secret
        new Random(seed).Shuffle(Permutation);
#pragma warning restore CA5394
    }

    /// <summary>Number of tokens.</summary>
    public int VocabSize { get; }

    /// <summary>Width of a row.</summary>
    public int HiddenSize { get; }

    /// <summary>The plain logit of token j is the server's at entry j.</summary>
    public int[] Permutation { get; }

    /// <summary>The float32 row of a token: its id in the first place, something of it in the others.</summary>
    public float[] Row(int token) =>
        [.. Enumerable.Range(0, HiddenSize).Select(i => i == 0 ? token : token * 0.25f + i)];

    /// <summary>The token of a float32 row.</summary>
    public static int Token(ReadOnlySpan<byte> row) => (int)BinaryPrimitives.ReadSingleLittleEndian(row);

    /// <summary>The plain logits after a sequence.</summary>
    public float[] Logits(IReadOnlyList<int> tokens)
    {
        var mixed = tokens.Aggregate(7L, (mix, token) => (mix * 31 + token + 1) % 1_000_003);
        var next = (int)(mixed % VocabSize);
        var logits = new float[VocabSize];
        for (var j = 0; j < VocabSize; j++)
        {
            logits[j] = j == next ? 10 : (j * 7919 + mixed) % 97 / 97f;
        }

        return logits;
    }

    /// <summary>What greedy decoding gives after a prompt.</summary>
    public int[] Greedy(IReadOnlyList<int> prompt, int count)
    {
        var tokens = prompt.ToList();
        for (var i = 0; i < count; i++)
        {
            var logits = Logits(tokens);
            tokens.Add(Array.IndexOf(logits, logits.Max()));
        }

        return [.. tokens.Skip(prompt.Count)];
    }

    /// <summary>A row of logits as the server has it.</summary>
    public float[] Permuted(float[] plain)
    {
        var server = new float[VocabSize];
        for (var token = 0; token < VocabSize; token++)
        {
            server[Permutation[token]] = plain[token];
        }

        return server;
    }

    /// <summary>Bytes of a row or a table.</summary>
    public static byte[] Bytes(ReadOnlySpan<float> values) => MemoryMarshal.AsBytes(values).ToArray();
}
