using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;

namespace Stip.Api.Runtime;

/// <summary>A session's cache, bound once as past and as present of every layer.</summary>
internal sealed class OrtCache : ICache
{
    private readonly CacheMemory _memory;

    public OrtCache(InferenceSession session, CacheMemory memory, CacheNames names)
    {
        _memory = memory;
        Binding = session.CreateIoBinding();
        for (var i = 0; i < memory.Tensors.Count; i++)
        {
            Binding.BindInput(names.Past[i], memory.Tensors[i]);
            Binding.BindOutput(names.Present[i], memory.Tensors[i]);
        }
    }

    public OrtIoBinding Binding { get; }

    /// <summary>The step tensors that <see cref="Binding"/> holds at the moment.</summary>
    public StepTensors? Bound { get; set; }

    public int CapacityTokens => _memory.CapacityTokens;

    public void Clear(int usedTokens) => _memory.Clear(usedTokens);

    public void Dispose()
    {
        Binding.Dispose();
        _memory.Dispose();
    }
}
