using Microsoft.ML.OnnxRuntime;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Running;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>Random passes through one graph of the server, as the client of either side would start them.</summary>
internal sealed class PartPasses : IDisposable
{
    // A fixed seed: the inputs are no secret, and a failure can be seen again.
    private const int Seed = 20262;

    private const int MostBatches = 2;

    private readonly PlainModel _plain;
    private readonly ProtectedModel _moved;
    private readonly GraphPart _part;
    private readonly EmbeddingTables? _plainTables;
    private readonly GraphRunner? _plainClient;
    private readonly GraphRunner? _movedClient;
    private readonly Random _random = new(Seed);

    /// <param name="plain">The plain model.</param>
    /// <param name="moved">Its package.</param>
    /// <param name="part">The graph of the server.</param>
    public PartPasses(PlainModel plain, ProtectedModel moved, GraphPart part)
    {
        (_plain, _moved, _part) = (plain, moved, part);
        _plainTables = plain.HasTables ? EmbeddingTables.Open(plain.Folder, plain.Manifest.Embedding) : null;
        if (!IsCached && plain.Parts.FirstOrDefault(other => other.IsClient && other.Role == part.Role) is { } client)
        {
            _plainClient = WideTypes.Open(client.Model, plain.FolderOf(client));
            _movedClient = moved.Has(client) ? WideTypes.Open(moved.PathOf(client)) : null;
        }
    }

    private bool IsCached => _plain.Manifest.Graphs[_part.Role].Cache?.Layout == CacheLayouts.Shared;

    /// <summary>Passes of several shapes.</summary>
    /// <param name="samples">How many are wanted; of a graph of another exporter there may be more, as it may not take
    /// all of them.</param>
    public IEnumerable<PassPair> Make(int samples)
    {
        if (_plain.Sources.FirstOrDefault(source => source.Role == _part.Role) is { } source)
        {
            // Pictures of every size that may fit, in every batch, would be gigabytes.
            var tries = new ForeignSamples(source).Tries(0);
            var sides = source.Pictures.Count;
            return (sides > 1 ? tries.Take(MostBatches * sides) : tries).Select(HandedOrNull).OfType<PassPair>();
        }

        if (_plainTables is not null && IsCached)
        {
            var cached = new CachedPasses(_plain, _moved, _part, _random);
            return Enumerable.Range(0, samples).Select(sample => cached.Make(_plainTables, _moved.Tables!, sample));
        }

        var inputs = new SampleInputs(_plain.Manifest, _plainTables, _random);
        return Enumerable.Range(0, samples).Select(_ => Handed(inputs.Next()));
    }

    public void Dispose()
    {
        _plainTables?.Dispose();
        _plainClient?.Dispose();
        _movedClient?.Dispose();
    }

    // The client's part, too, may not take every shape that is declared.
    private PassPair? HandedOrNull(Dictionary<string, HostTensor> inputs)
    {
        try
        {
            return Handed(inputs);
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
    }

    private PassPair Handed(Dictionary<string, HostTensor> inputs)
    {
        string[] names = [.. GraphSignature.Inputs(_part.Graph).Select(input => input.Name)];
        var pair = new PassPair(
            ClientPass.Run(_plainClient, _plainTables, inputs, names, (_, tensor) => tensor),
            ClientPass.Run(
                _movedClient,
                _moved.Tables,
                inputs,
                names,
                (name, tensor) => _moved.Protect(GraphPart.KeyOf(_part.Role, isClient: true), name, tensor)));
        PassInputs.Complete(names, inputs, pair.Plain, (_, tensor) => tensor);
        PassInputs.Complete(names, inputs, pair.Moved, (name, tensor) => _moved.Protect(_part.Role, name, tensor));
        return pair;
    }
}
