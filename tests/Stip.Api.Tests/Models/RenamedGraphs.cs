using Google.Protobuf;
using Stip.Onnx.Model;
using Stip.Protocol.Packages;

namespace Stip.Api.Tests.Models;

/// <summary>The graphs of a package under numbers instead of names, other ones in each graph.</summary>
internal static class RenamedGraphs
{
    /// <param name="folder">Where their files are; those are written anew.</param>
    /// <param name="graphs">By role.</param>
    public static Dictionary<string, GraphManifest> Of(string folder, Dictionary<string, GraphManifest> graphs)
    {
        var names = graphs.ToDictionary(graph => graph.Key, graph => Names(graph.Key, graph.Value));
        var first = names["decoder"];
        return graphs.ToDictionary(graph => graph.Key, graph =>
        {
            var own = names[graph.Key];
            Rename(Path.Combine(folder, graph.Value.File), own);
            // Caches have their names in the list; of the first step what is kept of later ones is told by those.
            var ports = own.Where(name => !name.Key.Contains("0.", StringComparison.Ordinal)).ToDictionary();
            var cache = graphs.Values.Select(other => other.Cache).OfType<CacheManifest>().Single();
            var next = names[graphs.Single(other => other.Value.Cache is not null).Key];
            foreach (var tensor in cache.Tensors!.Where(tensor => graph.Key == "decoder"
                && first[tensor.Present] != next[tensor.Present]))
            {
                ports[next[tensor.Present]] = first[tensor.Present];
            }

            return graph.Value with
            {
                Inputs = [.. graph.Value.Inputs.Select(input => input with { Name = own[input.Name] })],
                Outputs = [.. graph.Value.Outputs.Select(output => output with { Name = own[output.Name] })],
                Cache = graph.Value.Cache is null ? null : graph.Value.Cache with
                {
                    Tensors =
                    [
                        .. cache.Tensors!.Select(tensor => tensor with
                        {
                            Past = next[tensor.Past],
                            Present = next[tensor.Present],
                        }),
                    ],
                    Cross =
                    [
                        .. cache.Cross!.Select(tensor => tensor with
                        {
                            Past = next[tensor.Past],
                            Present = first[tensor.Present],
                        }),
                    ],
                },
                Ports = ports,
            };
        });
    }

    private static Dictionary<string, string> Names(string role, GraphManifest graph) => graph.Inputs
        .Select((input, i) => (input.Name, Own: $"x{i + role.Length}"))
        .Concat(graph.Outputs.Select((output, i) => (output.Name, Own: $"y{i + role.Length}")))
        .ToDictionary(pair => pair.Name, pair => pair.Own);

    private static void Rename(string path, Dictionary<string, string> names)
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        foreach (var node in model.Graph.Node)
        {
            Replace(node.Input);
            Replace(node.Output);
        }

        foreach (var port in model.Graph.Input.Concat(model.Graph.Output))
        {
            port.Name = names[port.Name];
        }

        File.WriteAllBytes(path, model.ToByteArray());

        void Replace(IList<string> all)
        {
            for (var i = 0; i < all.Count; i++)
            {
                all[i] = names.GetValueOrDefault(all[i], all[i]);
            }
        }
    }
}
