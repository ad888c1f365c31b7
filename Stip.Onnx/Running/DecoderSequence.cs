using System.Globalization;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Onnx.Running;

/// <summary>One sequence of a decoder with a shared cache, on either side: rows of the client's tables in, logits and
/// caches of the plain model out.</summary>
internal sealed class DecoderSequence : IDisposable
{
    private readonly IModelSide _side;
    private readonly DecoderRunner _runner;
    private readonly ClientLayersRunner? _layers;

    /// <param name="side">The model.</param>
    /// <param name="maxLength">Positions of the cache.</param>
    /// <param name="spare">Positions that caches bounded by a window keep beside it; null for all.</param>
    public DecoderSequence(IModelSide side, int maxLength, int? spare = null)
    {
        _side = side;
        _runner = new DecoderRunner(side.GraphOf(side.MainRole), maxLength, spare: spare);
        try
        {
            _layers = side.ClientGraphOf(side.MainRole) is { } path ? new ClientLayersRunner(path, maxLength) : null;
        }
        catch
        {
            _runner.Dispose();
            throw;
        }
    }

    public int CachedTokens => _runner.CachedTokens;

    public int VocabSize => _runner.VocabSize;

    /// <summary>Appends rows.</summary>
    /// <param name="rows">Rows of the tables <c>[n, hidden]</c>.</param>
    /// <returns>Logits of all rows <c>[1, n, vocab]</c>, in the plain order.</returns>
    public HostTensor Append(float[] rows)
    {
        var count = rows.Length / _runner.HiddenSize;
        var sent = _layers?.Append(rows, _runner.HiddenSize, CachedTokens) ?? rows;
        return _side.Restore(_side.MainRole, DecoderPorts.Logits, HostTensor.FromFloats(
            _runner.Append(sent, allRows: true), 1, count, _runner.VocabSize));
    }

    public void Rewind(int tokens) => _runner.Rewind(tokens);

    /// <summary>The caches of all layers under the plain names, in the plain order.</summary>
    public IEnumerable<(string Name, HostTensor Tensor)> ReadCache()
    {
        var role = _side.MainRole;
        var key = GraphPart.KeyOf(role, isClient: true);
        var own = _layers?.ReadCache(CachedTokens)
            .Select(entry => (entry.Name, _side.Restore(key, entry.Name, entry.Tensor)));
        return (own ?? []).Concat(_runner.ReadCache()
            .Select(entry => (PlainName(entry.Name), _side.Restore(role, entry.Name, entry.Tensor))));
    }

    public void Dispose()
    {
        _layers?.Dispose();
        _runner.Dispose();
    }

    // The server counts its layers from 0.
    private string PlainName(string name) => _layers is null || name.Split('.') is not [var kind, var layer, var part]
        ? name
        : $"{kind}.{int.Parse(layer, CultureInfo.InvariantCulture) + _layers.Layers}.{part}";
}
