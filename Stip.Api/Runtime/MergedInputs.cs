using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>What a decoder takes that is both steps in one graph: which of them it is, and at the first step what the
/// source has not given yet, of no rows.</summary>
internal sealed class MergedInputs : IDisposable
{
    private readonly OrtValue[] _first;

    /// <param name="dtype">Of the caches.</param>
    /// <param name="cross">What the first step makes of the states.</param>
    public MergedInputs(TensorDtype dtype, IReadOnlyList<CacheTensor> cross)
    {
        Later = Flag(true);
        _first =
        [
            Flag(false),
            .. cross.Select(tensor => OrtValue.CreateAllocatedTensorValue(
                OrtAllocator.DefaultInstance, dtype.ToOrt(), tensor.Shape(1, 0))),
        ];
    }

    /// <summary>The flag and the empty tensors.</summary>
    public IReadOnlyList<OrtValue> First => _first;

    /// <summary>The flag.</summary>
    public OrtValue Later { get; }

    public void Dispose()
    {
        Later.Dispose();
        Array.ForEach(_first, value => value.Dispose());
    }

    private static OrtValue Flag(bool isLater) => OrtValue.CreateTensorValueFromMemory(new[] { isLater }, [1]);
}
