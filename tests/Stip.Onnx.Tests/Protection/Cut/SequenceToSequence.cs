using System.Runtime.InteropServices;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Greedy generation by bare ONNX Runtime over the graphs of an encoder-decoder folder, or over a package of
/// it: what the server would run and what the client would, without any code of ours between them.</summary>
internal sealed class SequenceToSequence(string folder, bool isPackage)
{
    private const string Decoder = "decoder";
    private const string WithPast = "decoder_with_past";

    private readonly int[]? _vocabulary = isPackage ? Vocabulary(folder) : null;

    private bool IsMerged => File.Exists(PathOf(MergedFile));

    private static string MergedFile => "decoder_model_merged.onnx";

    /// <summary>The most likely tokens, one after the other, and all logits of the last step.</summary>
    public (int[] Ids, float[] Logits) Generate(Dictionary<string, HostTensor> given, int count)
    {
        var hidden = Run("encoder", "encoder_model.onnx", given)["last_hidden_state"];
        var (ids, logits, past) = (new List<int>(), Array.Empty<float>(), new Dictionary<string, HostTensor>());
        for (var token = 0; ids.Count < count; token = ids[^1])
        {
            var inputs = new Dictionary<string, HostTensor>(past)
            {
                ["input_ids"] = HostTensor.FromIntegers([(long)token], 1, 1),
                ["encoder_hidden_states"] = hidden,
                ["encoder_attention_mask"] = given.GetValueOrDefault("attention_mask")
                    ?? HostTensor.FromIntegers([1L], 1, 1),
                ["use_cache_branch"] = new HostTensor(TensorDtype.Bool, [1], [(byte)(ids.Count > 0 ? 1 : 0)]),
            };
            var outputs = IsMerged ? Run(Decoder, MergedFile, inputs)
                : ids.Count == 0 ? Run(Decoder, "decoder_model.onnx", inputs)
                : Run(WithPast, "decoder_with_past_model.onnx", inputs);
            foreach (var (name, value) in outputs.Where(output => output.Key.StartsWith("present.")))
            {
                // A merged decoder gives nothing for what the encoder's states make once they are cached.
                var to = name.Replace("present", "past_key_values", StringComparison.Ordinal);
                past[to] = value.ElementCount == 0 && past.TryGetValue(to, out var kept) ? kept : value;
            }

            logits = Plain(outputs["logits"].ToFloats());
            ids.Add(Array.IndexOf(logits, logits.Max()));
        }

        return ([.. ids], logits);
    }

    private IReadOnlyDictionary<string, HostTensor> Run(
        string role, string file, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var given = new Dictionary<string, HostTensor>(inputs);
        if (isPackage)
        {
            using var client = new GraphRunner(Path.Combine(folder, "client", $"{role}_embedding.onnx"));
            foreach (var (name, value) in client.Run(Filled(client, given)))
            {
                given[name] = value;
            }
        }

        using var graph = new GraphRunner(PathOf(file));
        return graph.Run(Filled(graph, given));
    }

    // The first step of a merged decoder has caches of no rows.
    private static Dictionary<string, HostTensor> Filled(GraphRunner graph, Dictionary<string, HostTensor> given) =>
        graph.Inputs.ToDictionary(
            input => input.Name,
            input => given.GetValueOrDefault(input.Name)
                ?? HostTensor.FromFloats([], 1, input.Shape[1], 0, input.Shape[3]));

    private string PathOf(string file) => isPackage ? Path.Combine(folder, "cloud", file) : Path.Combine(folder, file);

    private float[] Plain(float[] logits) =>
        _vocabulary is null ? logits : Array.ConvertAll(_vocabulary, place => logits[place]);

    private static int[] Vocabulary(string folder)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, "client", "output.safetensors"));
        return MemoryMarshal.Cast<byte, int>(file.Bytes("vocab_permutation")).ToArray();
    }
}
