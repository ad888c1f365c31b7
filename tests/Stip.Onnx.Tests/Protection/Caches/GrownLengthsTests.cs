using System.Text.Json;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Caches;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Tests.Protection.Caches;

/// <summary>Lengths of caches are one where nothing is cut off them along their length, wherever it stands.</summary>
public sealed class GrownLengthsTests : IDisposable
{
    private const int Heads = 3;
    private const int Size = 4;
    private readonly SmallGraph _graph = new();

    [Theory]
    [InlineData(2, "whole", true)]
    [InlineData(1, "whole", true)]
    [InlineData(2, "window", false)]
    [InlineData(1, "window", false)]
    [InlineData(1, "turned window", false)]
    [InlineData(2, "without its first", false)]
    [InlineData(2, "its first four", false)]
    [InlineData(2, "every second", false)]
    [InlineData(2, "split", false)]
    [InlineData(2, "all of it", true)]
    [InlineData(2, "the last head", true)]
    [InlineData(1, "the last head", true)]
    [InlineData(2, "the first heads", true)]
    public void Lengths_OfCaches_AreOneWhereNoneIsCutAlongIt(int axis, string cut, bool areJoined)
    {
        CacheTensorManifest[] caches = [Cache("a", axis, "whole"), Cache("b", axis, cut)];
        TensorManifest[] inputs = [.. caches.Select(cache => new TensorManifest(
            cache.Past, "float32", [.. cache.Axes.Select(length => length.ToString() == CacheTensorManifest.Length
                ? JsonSerializer.SerializeToElement($"length_{cache.Past}") : length)]))];

        var joined = GrownLengths.Joined(inputs, _graph.Graph.Graph, [], caches);

        Assert.Equal(areJoined ? 1 : 2, joined.Select(input => input.Shape[axis].ToString()).Distinct().Count());
    }

    public void Dispose() => _graph.Dispose();

    private CacheTensorManifest Cache(string name, int axis, string cut)
    {
        Axis[] shape = axis == 1 ? ["b", $"length_{name}", Heads, Size] : ["b", Heads, $"length_{name}", Size];
        _graph.Input(name, shape);
        _graph.Input($"{name}_next", shape);
        var all = _graph.With("Concat", $"{name}_all", [name, $"{name}_next"], NodeAttribute.Int("axis", axis));
        var heads = axis == 1 ? 2 : 1;
        var present = cut switch
        {
            "window" => Slice(all, -4, int.MaxValue, axis),
            "turned window" => Slice(
                _graph.With("Transpose", $"{name}_turned", [all], NodeAttribute.Ints("perm", 0, 2, 1, 3)), -4,
                int.MaxValue, 2),
            "without its first" => Slice(all, 1, int.MaxValue, axis),
            "its first four" => Slice(all, 0, 4, axis),
            "every second" => Slice(all, 0, int.MaxValue, axis, 2),
            "split" => _graph.With(
                "Split", $"{name}_part", [all, _graph.Numbers(4)], NodeAttribute.Int("axis", axis)),
            "all of it" => Slice(all, 0, int.MaxValue, axis),
            "the last head" => Slice(all, -1, int.MaxValue, heads),
            "the first heads" => Slice(all, 0, 2, heads - 4),
            _ => all,
        };
        _graph.Output(present, shape);
        return new CacheTensorManifest(name, present, [.. shape.Select((length, place) =>
            place == 0 ? JsonSerializer.SerializeToElement(CacheTensorManifest.Batch)
            : place == axis ? JsonSerializer.SerializeToElement(CacheTensorManifest.Length)
            : JsonSerializer.SerializeToElement(place == 3 ? Size : Heads))]);
    }

    private string Slice(string from, long start, long end, long axis, long step = 1) => _graph.Add(
        "Slice", $"{from}_part", from, _graph.Numbers(start), _graph.Numbers(end), _graph.Numbers(axis),
        _graph.Numbers(step));
}
