using System.Runtime.InteropServices;

namespace Stip.Bench.Llama;

/// <summary><c>llama_batch</c>: tokens, position and sequence of each, and which of them bring logits.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaBatch
{
    public int Count;
    public int* Tokens;
    public float* Embeddings;
    public int* Positions;
    public int* SequenceCounts;
    public int** Sequences;
    public sbyte* WantsLogits;
}
