using System.Runtime.InteropServices;
using Stip.Onnx.Model;
using Stip.Protocol.Forward;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Models;

/// <summary>A graph without a cache: tanh(rows + bias of their type).</summary>
internal static class TinyEncoder
{
    public const string Model = "tiny-encoder";
    public const int HiddenSize = 4;

    public static PackageManifest WriteTo(string folder, int contextLength = 0)
    {
        Directory.CreateDirectory(folder);
        var graph = new GraphBuilder("encoder");
        graph.AddInput("inputs_embeds", TensorDtype.Float32, "batch", "seq", HiddenSize);
        graph.AddInput("token_type_ids", TensorDtype.Int64, "batch", "seq");
        var table = graph.AddWeight(
            "table", Weight.FromFloats(TensorDtype.Float32, [2, HiddenSize], [0, 0, 0, 0, 1, 1, 1, 1]));
        var types = graph.Add("Gather", "types", [table, "token_type_ids"]);
        graph.Append("", "Tanh", "tanh", [graph.Add("Add", "sum", ["inputs_embeds", types])], ["last_hidden_state"]);
        graph.AddOutput("last_hidden_state", TensorDtype.Float32, "batch", "seq", HiddenSize);
        graph.Save(Path.Combine(folder, "model.onnx"));
        return PackageFiles.Describe(folder, new PackageManifest(
            PackageManifest.CurrentProtocol, Model, "instance-e", 1, "none", "none", "", HiddenSize, 0, contextLength,
            "float32", 0,
            new Dictionary<string, GraphManifest>
            {
                ["encoder"] = new(
                    "model.onnx", GraphSignature.Inputs(graph.Graph), GraphSignature.Outputs(graph.Graph)),
            },
            []));
    }

    /// <summary>A pass of so many texts of so many rows.</summary>
    public static ForwardRequest Request(int texts, int rows) => new(Model, new Dictionary<string, TensorPayload>
    {
        ["inputs_embeds"] = new(
            "float32", [texts, rows, HiddenSize],
            MemoryMarshal.AsBytes<float>([.. Enumerable.Range(0, texts * rows * HiddenSize).Select(i => i / 8f)])
                .ToArray()),
        ["token_type_ids"] = new("int64", [texts, rows], new byte[texts * rows * sizeof(long)]),
    });
}
