using System.Numerics;
using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace Stip.Api.Runtime.Reduction;

/// <summary>Finds the largest of rows of logits where they were computed. One caller at a time: the decoder that it
/// belongs to.</summary>
internal sealed class RowReduction : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly int _vocab;

    /// <param name="decoder">Whose rows they are.</param>
    /// <param name="options">Of the decoder's device.</param>
    public RowReduction(DecoderSnapshot decoder, SessionOptions options)
    {
        _vocab = decoder.VocabSize;
        _session = new InferenceSession(ReductionModel.Write(decoder.LogitsDtype, _vocab), options);
    }

    /// <summary>How many are found where so many are asked for: few sizes, so that their bindings are used again.
    /// </summary>
    public int Rounded(int k) => Math.Min((int)BitOperations.RoundUpToPowerOf2((uint)k), _vocab);

    /// <summary>Binds rows of logits.</summary>
    /// <param name="logits"><c>[rows, vocab]</c>, written before each run.</param>
    /// <param name="rows">How many.</param>
    /// <param name="k">Of <see cref="Rounded"/>.</param>
    /// <param name="device">Where the logits lie; null for the host.</param>
    public BoundReduction Bind(OrtValue logits, int rows, int k, IDeviceMemory? device) =>
        new(_session.CreateIoBinding(), logits, rows, k, device);

    public void Run(OrtIoBinding binding) => _session.RunWithBinding(_runOptions, binding);

    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }
}
