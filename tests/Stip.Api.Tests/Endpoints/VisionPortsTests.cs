using System.Runtime.InteropServices;
using Stip.Api.Registry.Packages;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Onnx.Model;
using Stip.Protocol;
using Stip.Protocol.Forward;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Endpoints;

/// <summary>A graph of pictures whose rows and scores have names that say nothing.</summary>
public sealed class VisionPortsTests
{
    private const int Hidden = 4;
    private static readonly float[] Patches = [.. Enumerable.Range(0, 2 * Hidden).Select(i => i / 8f)];

    [Fact]
    public async Task Pass_OfAVisionGraph_GoesByTheNamesThatItsPackageGives()
    {
        using var server = new ApiServer();
        WriteTo(server.PackageFolder("tiny-vision"), new() { ["inputs_embeds"] = "x0", ["logits"] = "y0" });
        var caller = server.Caller();

        var said = (await caller.GetAsync<ModelObject>($"{StipRoutes.Models}/tiny-vision")).Stip.Graphs[Roles.Vision];
        var answer = await caller.PostAsync<ForwardResponse>(
            StipRoutes.Forward, Request(said.NameOf(GraphManifest.Embeds)));

        Assert.Equal(("x0", "y0"), (said.NameOf(GraphManifest.Embeds), said.NameOf(GraphManifest.Logits)));
        var scores = answer.Outputs[said.NameOf(GraphManifest.Logits)];
        Assert.Equal([1L, Hidden], scores.Shape);
        var expected = Enumerable.Range(0, Hidden).Select(i => MathF.Tanh(Patches[i] + Patches[Hidden + i] + 1));
        Assert.All(
            expected.Zip(MemoryMarshal.Cast<byte, float>(scores.Data.Span).ToArray()),
            pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        // The usual name is none of this graph's.
        using var usual = await caller.PostAsync(StipRoutes.Forward, Request(GraphManifest.Embeds));
        await ApiCaller.RefusedAsync(usual, 400, "invalid_request");
    }

    private static ForwardRequest Request(string rows) => new(
        "tiny-vision",
        new Dictionary<string, TensorPayload>
        {
            [rows] = new("float32", [1, 2, Hidden], MemoryMarshal.AsBytes<float>(Patches).ToArray()),
        },
        Roles.Vision);

    // tanh of the sum of all patches, each a half more.
    private static void WriteTo(string folder, Dictionary<string, string> ports)
    {
        Directory.CreateDirectory(folder);
        var graph = new GraphBuilder("vision");
        graph.AddInput("x0", TensorDtype.Float32, "batch", "patches", Hidden);
        var shift = graph.AddWeight(
            "shift", Weight.FromFloats(TensorDtype.Float32, [Hidden], [0.5f, 0.5f, 0.5f, 0.5f]));
        var shifted = graph.Add("Add", "shifted", ["x0", shift]);
        var sum = graph.Add(
            "ReduceSum", "sum", [shifted, graph.AddConstant("axes", 1)], NodeAttribute.Int("keepdims", 0));
        graph.Append("", "Tanh", "tanh", [sum], ["y0"]);
        graph.AddOutput("y0", TensorDtype.Float32, "batch", Hidden);
        graph.Save(Path.Combine(folder, "vision.onnx"));
        PackageFiles.Describe(folder, new PackageManifest(
            PackageManifest.CurrentProtocol, "tiny-vision", "instance-v", 1, "none", "none", "", Hidden, 0, 0,
            "float32", 0,
            new Dictionary<string, GraphManifest>
            {
                [Roles.Vision] = new(
                    "vision.onnx", GraphSignature.Inputs(graph.Graph), GraphSignature.Outputs(graph.Graph))
                {
                    Ports = ports,
                },
            },
            []));
    }
}
