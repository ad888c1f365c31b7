using System.Text;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;
using Kind = Stip.Api.Registry.Packages.OnnxFields.Kind;

namespace Stip.Api.Registry.Packages;

/// <summary>Where a manifest and a graph disagree on which caches a window bounds: their memory is made by what the
/// manifest says.</summary>
internal sealed class BoundedCacheFaults
{
    private const int PastKey = 3;
    private readonly Dictionary<string, ulong> _windows = new(StringComparer.Ordinal);

    /// <param name="cache">Of a decoder.</param>
    /// <param name="file">The whole ONNX file.</param>
    /// <exception cref="InvalidDataException">Not the bytes of a model.</exception>
    public static IEnumerable<string> Of(CacheManifest cache, ReadOnlySpan<byte> file)
    {
        if (cache.Layout != CacheLayouts.Shared)
        {
            return cache.BoundedWindows is null ? []
                : [$"cache.bounded_windows is for the layout '{CacheLayouts.Shared}' only"];
        }

        if (cache.BoundedWindows is { } said && (said.Count != cache.Layers || said.Any(window => window < 0)))
        {
            return [$"cache.bounded_windows is not a list of {cache.Layers} numbers, 0 or more"];
        }

        var found = new BoundedCacheFaults();
        var model = new ProtobufReader(file);
        while (model.Next())
        {
            if (OnnxFields.Child(Kind.Model, model.Field) == Kind.Graph)
            {
                found.ReadGraph(model.Payload);
            }
        }

        return found.Compare(cache);
    }

    private List<string> Compare(CacheManifest cache)
    {
        List<string> faults = [];
        for (var layer = 0; layer < Math.Min(cache.Layers, GraphFaults.MaxLayers); layer++)
        {
            var window = _windows.GetValueOrDefault($"past_key_values.{layer}.key");
            if (window != (ulong)cache.BoundOf(layer))
            {
                faults.Add($"the cache of layer {layer} is bounded by a window of {window} tokens (0: not at all), "
                    + $"stip.json says {cache.BoundOf(layer)}");
            }
        }

        return faults;
    }

    // A node of a branch or a function has no cache that an input of the graph could be.
    private void ReadGraph(ReadOnlySpan<byte> graph)
    {
        var reader = new ProtobufReader(graph);
        while (reader.Next())
        {
            if (OnnxFields.Child(Kind.Graph, reader.Field) == Kind.Node)
            {
                ReadNode(reader.Payload);
            }
        }
    }

    private void ReadNode(ReadOnlySpan<byte> node)
    {
        var (type, window, isBounded) = ("", 0UL, false);
        List<string> inputs = [];
        var reader = new ProtobufReader(node);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case OnnxFields.NodeInput:
                    inputs.Add(Encoding.UTF8.GetString(reader.Payload));
                    break;
                case OnnxFields.NodeOpType:
                    type = Encoding.UTF8.GetString(reader.Payload);
                    break;
                case OnnxFields.NodeAttribute:
                    var (name, number) = Read(reader.Payload);
                    window = name == "local_window_size" ? number : window;
                    isBounded |= name == "sliding_window_cache" && number != 0;
                    break;
            }
        }

        if (isBounded && type == "GroupQueryAttention" && inputs.Count > PastKey)
        {
            _windows[inputs[PastKey]] = window;
        }
    }

    private static (string Name, ulong Number) Read(ReadOnlySpan<byte> attribute)
    {
        var (name, number) = ("", 0UL);
        var reader = new ProtobufReader(attribute);
        while (reader.Next())
        {
            if (reader.Field == OnnxFields.AttributeName)
            {
                name = Encoding.UTF8.GetString(reader.Payload);
            }
            else if (reader.Field == OnnxFields.AttributeInteger)
            {
                number = reader.Number;
            }
        }

        return (name, number);
    }
}
