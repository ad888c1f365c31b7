using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;

namespace Stip.Api.Tests.Engine;

/// <summary>One sequence of a small decoder, run by hand: what it keeps is carried from step to step.</summary>
internal sealed class BareSteps : IDisposable
{
    private readonly RunOptions _options = new();
    private readonly InferenceSession _session;
    private readonly Func<int, int, (string Name, OrtValue Value)[]> _made;
    private readonly string[] _presents;
    private readonly string[] _pasts;
    private OrtValue[] _kept;

    /// <param name="path">The graph.</param>
    /// <param name="kept">What a step takes, what it gives for it, and the shape before the first.</param>
    /// <param name="made">Other inputs, by length of the past and new rows.</param>
    public BareSteps(
        string path,
        (string Past, string Present, long[] Shape)[] kept,
        Func<int, int, (string Name, OrtValue Value)[]>? made = null)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        _session = new InferenceSession(path, options);
        _made = made ?? ((_, _) => []);
        _pasts = [.. kept.Select(entry => entry.Past)];
        _presents = [.. kept.Select(entry => entry.Present)];
        _kept = [.. kept.Select(entry => OrtValue.CreateTensorValueFromMemory(
            new float[entry.Shape.Aggregate(1L, (product, length) => product * length)], entry.Shape))];
    }

    /// <summary>True for a graph whose rows stand before sequences.</summary>
    public bool SequenceFirst { get; init; }

    /// <summary>Logits of a step.</summary>
    public byte[] Step(int position, int rows, int seed)
    {
        var floats = MemoryMarshal.Cast<byte, float>(Steps.Rows(seed, position, rows).Data.Span).ToArray();
        using var embeds = OrtValue.CreateTensorValueFromMemory(
            floats, [SequenceFirst ? rows : 1, SequenceFirst ? 1 : rows, TinyDecoder.HiddenSize]);
        var made = _made(position, rows);
        var results = _session.Run(
            _options, ["inputs_embeds", .. made.Select(input => input.Name), .. _pasts],
            [embeds, .. made.Select(input => input.Value), .. _kept], ["logits", .. _presents]);
        Array.ForEach(_kept, kept => kept.Dispose());
        Array.ForEach(made, input => input.Value.Dispose());
        _kept = [.. results.Skip(1)];
        using var logits = results[0];
        return logits.GetTensorMutableRawData().ToArray();
    }

    public void Dispose()
    {
        Array.ForEach(_kept, kept => kept.Dispose());
        _session.Dispose();
        _options.Dispose();
    }
}
