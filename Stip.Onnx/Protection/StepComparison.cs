using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Onnx.Running;

namespace Stip.Onnx.Protection;

/// <summary>The same sequence through a plain decoder and its package, step by step.</summary>
internal sealed class StepComparison : IDisposable
{
    private readonly PlainAnswers _answers;
    private readonly OutputComparison _comparison;
    private readonly DecoderSequence? _plain;
    private readonly DecoderSequence _moved;
    private readonly EmbeddingTables _plainTables;
    private readonly EmbeddingTables _movedTables;

    /// <param name="plain">The plain model, which is loaded only where it runs.</param>
    /// <param name="answers">What it answers.</param>
    /// <param name="moved">The package.</param>
    /// <param name="comparison">Is given every output.</param>
    /// <param name="open">Opens a sequence of either.</param>
    public StepComparison(
        ExportedSide plain,
        PlainAnswers answers,
        ProtectedModel moved,
        OutputComparison comparison,
        Func<IModelSide, DecoderSequence> open)
    {
        (_answers, _comparison) = (answers, comparison);
        (_plainTables, _movedTables) = (DecoderRun.TablesOf(plain), DecoderRun.TablesOf(moved));
        _plain = answers.Runs ? open(plain) : null;
        try
        {
            _moved = open(moved);
        }
        catch
        {
            _plain?.Dispose();
            throw;
        }
    }

    public int CachedTokens => _moved.CachedTokens;

    public void Rewind()
    {
        _plain?.Rewind(0);
        _moved.Rewind(0);
    }

    /// <summary>Appends tokens and compares their logits.</summary>
    public void Append(long[] ids)
    {
        var first = CachedTokens;
        var expected = _answers.Of(() => _plain!.Append(_plainTables.Embed(ids, first)));
        var given = _moved.Append(_movedTables.Embed(ids, first));
        _comparison.AddLogits(DecoderPorts.Logits, expected.ToFloats(), given.ToFloats(), _moved.VocabSize);
    }

    /// <summary>Compares the caches of all layers.</summary>
    public void CompareCaches()
    {
        var expected = _answers.Of(() => _plain!.ReadCache().ToArray());
        foreach (var (cache, given) in expected.Zip(_moved.ReadCache()))
        {
            _comparison.Add(cache.Name, cache.Tensor.ToFloats(), given.Tensor.ToFloats());
        }
    }

    public void Dispose()
    {
        _plain?.Dispose();
        _moved.Dispose();
    }
}
