using System.Runtime.InteropServices;

namespace Stip.Bench.Llama;

/// <summary>Memory for a parameter structure of llama.cpp that is passed by value, larger than any of them.</summary>
[StructLayout(LayoutKind.Sequential, Size = 512)]
internal struct LlamaParameters
{
    // llama_context_params begins so in every version that has sequences.
    public uint ContextLength;
    public uint BatchSize;
    public uint MicroBatchSize;
    public uint Sequences;
}
