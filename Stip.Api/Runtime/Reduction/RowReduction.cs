using System.Numerics;
using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace Stip.Api.Runtime.Reduction;

/// <summary>Finds the largest of rows of logits where they were computed. One caller at a time: the decoder that it
/// belongs to.</summary>
internal sealed class RowReduction : IDisposable
{
    /// <summary>Keys that are sorted at once: some tensors as large lie beside them meanwhile, which no budget counts.
    /// </summary>
    private const long MostKeyBytes = 128 << 20;

    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly int _vocab;

    /// <param name="decoder">Whose rows they are.</param>
    /// <param name="options">Of the decoder's device.</param>
    /// <param name="mostKeyBytes">Of the rows that are reduced at once.</param>
    public RowReduction(DecoderSnapshot decoder, SessionOptions options, long mostKeyBytes = MostKeyBytes)
    {
        _vocab = decoder.VocabSize;
        RowsAtOnce = (int)Math.Clamp(mostKeyBytes / ((long)_vocab * sizeof(double)), 1, int.MaxValue);
        _session = new InferenceSession(ReductionModel.Write(decoder.LogitsDtype, _vocab), options);
    }

    /// <summary>Rows that are reduced at once.</summary>
    public int RowsAtOnce { get; }

    /// <summary>How many are found where so many are asked for: few sizes, so that their bindings are used again.
    /// </summary>
    public int Rounded(int k) => Math.Min((int)BitOperations.RoundUpToPowerOf2((uint)k), _vocab);

    /// <summary>Binds rows of logits.</summary>
    /// <param name="logits">Owned by the binding, <c>[rows, vocab]</c>, written before each run.</param>
    /// <param name="first">Of the rows of a step.</param>
    /// <param name="rows">How many.</param>
    /// <param name="k">Of <see cref="Rounded"/>.</param>
    /// <param name="device">Where the logits lie; null for the host.</param>
    public BoundReduction Bind(OrtValue logits, int first, int rows, int k, IDeviceMemory? device) =>
        new(_session.CreateIoBinding(), logits, first, rows, k, device);

    public void Run(OrtIoBinding binding) => _session.RunWithBinding(_runOptions, binding);

    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }
}
