using System.Text.Json;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Onnx.Model;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

public sealed class PackageRefusalTests
{
    public static TheoryData<string, string> Lies => new()
    {
        { "protocol", "protocol 'stip/9'" },
        { "model name", "model is not a name" },
        { "model name with a line end", "model is not a name" },
        { "mode", "mode 'magic'" },
        { "epoch", "key_epoch 0" },
        { "hidden size", "'inputs_embeds' is not a float tensor of width 31" },
        { "vocabulary", "'logits' is not a float tensor of width 7" },
        { "context", "context_length 97 is more than the 96 positions of 'model.onnx'" },
        { "top-k", "max_top_k 62 is outside 0..61" },
        { "wire dtype", "wire_dtype 'int8'" },
        { "fingerprint", "fingerprint is not" },
        { "length", "stip.json says" },
        { "digest", "does not have the sha256" },
        { "missing file", "'extra.bin' was not uploaded" },
        { "unlisted file", "is not in stip.json" },
        { "traversal", "not a relative path" },
        { "kept name", "'stip.json/x' takes a name that the server keeps" },
        { "kept name below", "'sub/stip.json' takes a name that the server keeps" },
        { "kept registration below", "'a/Registration.json/b' takes a name that the server keeps" },
        { "kept registration", "'registration.json' takes a name that the server keeps" },
        { "graph file", "its file is not in the list" },
        { "no graphs", "graphs is empty" },
        { "misspelt role", "graphs names 'decodr', which is none of decoder, decoder_with_past, encoder, vision" },
        { "no role", "graphs has none that is served: decoder, encoder or vision" },
        { "later steps alone", "decoder_with_past are the later steps of a decoder, and there is none" },
        { "cached encoder", "encoder has a cache" },
        { "misspelt beside a good one", "graphs names 'vison'" },
        { "missing input", "has an input 'logits_rows' that stip.json does not name" },
        { "invented input", "has no input 'ghost'" },
        { "input dtype", "stip.json says float16" },
        { "cache shape", "is not [batch, 3, length, 16]" },
        { "layout", "cache layout 'paged' is neither 'shared' nor 'growing'" },
        { "no cache", "decoder has no cache" },
        { "invented window", "layer 1 is bounded by a window of 0 tokens (0: not at all), stip.json says 8" },
        { "windows of few", "cache.bounded_windows is not a list of 2 numbers" },
        { "not a graph", "'model.onnx'" },
        { "outside data", "takes tensors from a file that is not in the list" },
        { "compiled node", "node of type EPContext" },
        { "no manifest", "stip.json was not uploaded" },
        { "manifest json", "stip.json cannot be read" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public async Task Package_ThatLies_IsRefusedByNameAndLeavesNothing(string lie, string expected)
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        Tell(lie, folder.Path, new TinyDecoder().WriteTo(folder.Path));
        using var response = await server.Caller().PushAsync(folder.Path);
        var error = await ApiCaller.RefusedAsync(response, 422, "package_invalid");
        Assert.Contains(expected, error.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(server.DataDirectory, error.Detail, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Path.Combine(server.DataDirectory, "packages")));
        Assert.Empty(Directory.GetDirectories(Path.Combine(server.DataDirectory, "staging")));
        Assert.Empty((await server.Caller().GetAsync<ListObject<ModelObject>>("/v1/models")).Data);
    }

    [Fact]
    public async Task Package_WithSeveralFaults_IsToldAllOfThem()
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        var manifest = new TinyDecoder().WriteTo(folder.Path);
        PackageFiles.Write(
            folder.Path, manifest with { KeyEpoch = -1, Mode = "x", WireDtype = "y", Fingerprint = "z" });
        using var response = await server.Caller().PushAsync(folder.Path);
        var error = await ApiCaller.RefusedAsync(response, 422, "package_invalid");
        Assert.All(["key_epoch", "mode", "wire_dtype", "fingerprint"], fault =>
            Assert.Contains(fault, error.Detail, StringComparison.Ordinal));
    }

    // What is wrong in one place hides nothing of another: manifest, files, graph, what the engine needs of it.
    [Fact]
    public async Task Package_WithFaultsEverywhere_IsToldAllOfThemAndKeepsItsUploads()
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        var honest = new TinyDecoder().WriteTo(folder.Path);
        var lying = With(Lie("digest", honest), graph => graph with
        {
            Inputs = [.. graph.Inputs, new("ghost", "int64", [JsonSerializer.SerializeToElement(1)])],
            Cache = graph.Cache! with { KvHeads = 3 },
        });
        PackageFiles.Write(folder.Path, lying with { KeyEpoch = -1, HiddenSize = 31, ContextLength = 97 });
        var caller = server.Caller();
        string[] ids = [.. await Task.WhenAll(
            Directory.GetFiles(folder.Path).Select(file => caller.UploadAsync(file)))];
        using var response = await caller.PostAsync("/v1/models", new ModelRegisterRequest(ids));
        var error = await ApiCaller.RefusedAsync(response, 422, "package_invalid");
        Assert.All(
            [
                "key_epoch -1", "does not have the sha256", "has no input 'ghost'", "not a float tensor of width 31",
                "context_length 97", "is not [batch, 3, length, 16]",
            ],
            fault => Assert.Contains(fault, error.Detail, StringComparison.Ordinal));
        Assert.Empty(Directory.GetDirectories(Path.Combine(server.DataDirectory, "staging")));

        using var again = await caller.PostAsync("/v1/models", new ModelRegisterRequest(ids));
        Assert.Equal(error.Detail, (await ApiCaller.RefusedAsync(again, 422, "package_invalid")).Detail);
    }

    [Fact]
    public async Task Package_RefusedAndRepaired_IsAccepted()
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        var manifest = new TinyDecoder().WriteTo(folder.Path);
        var caller = server.Caller();
        var parts = new[] { "model.onnx", "model.onnx.data" };
        var ids = await Task.WhenAll(parts.Select(name => caller.UploadAsync(folder.At(name))));
        PackageFiles.Write(
            folder.Path, With(manifest, graph => graph with { Cache = graph.Cache! with { KvHeads = 3 } }));
        var lying = await caller.UploadAsync(folder.At("stip.json"));
        using var refused = await caller.PostAsync("/v1/models", new ModelRegisterRequest([.. ids, lying]));
        await ApiCaller.RefusedAsync(refused, 422, "package_invalid");
        PackageFiles.Write(folder.Path, manifest);
        var honest = await caller.UploadAsync(folder.At("stip.json"));
        Assert.Equal(
            "tiny", (await caller.PostAsync<ModelObject>("/v1/models", new ModelRegisterRequest([.. ids, honest]))).Id);
    }

    [Fact]
    public async Task DataDirectory_WithADamagedPackage_ServesTheOthers()
    {
        using var server = new ApiServer();
        new TinyDecoder().WriteTo(server.PackageFolder("good"));
        new TinyDecoder("bad").WriteTo(server.PackageFolder("bad"));
        using (var data = File.OpenWrite(Path.Combine(server.PackageFolder("bad"), "model.onnx.data")))
        {
            data.SetLength(100);
        }

        Directory.CreateDirectory(server.PackageFolder("empty"));
        Directory.CreateDirectory(Path.Combine(server.DataDirectory, "staging", "half-made"));
        Assert.Equal(
            "tiny", Assert.Single((await server.Caller().GetAsync<ListObject<ModelObject>>("/v1/models")).Data).Id);
        Assert.Empty(Directory.GetDirectories(Path.Combine(server.DataDirectory, "staging")));
    }

    private static void Tell(string lie, string folder, PackageManifest honest)
    {
        var path = Path.Combine(folder, "model.onnx");
        switch (lie)
        {
            case "no manifest":
                File.Delete(Path.Combine(folder, PackageManifest.FileName));
                return;
            case "manifest json":
                File.WriteAllText(Path.Combine(folder, PackageManifest.FileName), "{\"protocol\": 5");
                return;
            case "unlisted file":
                File.WriteAllText(Path.Combine(folder, "more.bin"), "more");
                return;
            case "not a graph":
                File.WriteAllText(path, "this is not a protobuf message of a model");
                PackageFiles.Describe(folder, honest);
                return;
            case "outside data":
                Rewrite(path, model => model.Graph.Initializer.First(t => t.ExternalData.Count > 0)
                    .ExternalData.First(entry => entry.Key == "location").Value = "../../../../etc/passwd");
                PackageFiles.Describe(folder, honest);
                return;
            case "compiled node":
                Rewrite(path, model =>
                    model.Graph.Node.Add(new NodeProto { OpType = "EPContext", Domain = "com.microsoft" }));
                PackageFiles.Describe(folder, honest);
                return;
            default:
                PackageFiles.Write(folder, Lie(lie, honest));
                return;
        }
    }

    private static PackageManifest Lie(string lie, PackageManifest honest) => lie switch
    {
        "protocol" => honest with { Protocol = "stip/9" },
        "model name" => honest with { Model = "a b" },
        "model name with a line end" => honest with { Model = honest.Model + "\n" },
        "mode" => honest with { Mode = "magic" },
        "epoch" => honest with { KeyEpoch = 0 },
        "hidden size" => honest with { HiddenSize = 31 },
        "vocabulary" => honest with { VocabSize = 7, MaxTopK = 7 },
        "context" => honest with { ContextLength = TinyDecoder.ContextLength + 1 },
        "top-k" => honest with { MaxTopK = 62 },
        "wire dtype" => honest with { WireDtype = "int8" },
        "fingerprint" => honest with { Fingerprint = new string('0', 64) },
        "length" => Files(honest, file => file with { Bytes = file.Bytes + 1 }),
        "digest" => Files(honest, file => file with { Sha256 = new string('0', 64) }),
        "missing file" =>
            Refingerprint(honest with { Files = [.. honest.Files, new("extra.bin", 3, new string('0', 64))] }),
        "kept name" => Listing(honest, "stip.json/x"),
        "kept name below" => Listing(honest, "sub/stip.json"),
        "kept registration below" => Listing(honest, "a/Registration.json/b"),
        "kept registration" => Listing(honest, "registration.json"),
        "traversal" => Refingerprint(honest with { Files = [.. honest.Files, new("../x", 3, new string('0', 64))] }),
        "graph file" => With(honest, graph => graph with { File = "other.onnx" }),
        "no graphs" => honest with { Graphs = new Dictionary<string, GraphManifest>() },
        "misspelt role" or "no role" => As(honest, "decodr"),
        "later steps alone" => As(honest, "decoder_with_past"),
        "cached encoder" => As(honest, "encoder"),
        "misspelt beside a good one" => honest with
        {
            Graphs = new Dictionary<string, GraphManifest>(honest.Graphs)
            {
                ["vison"] = honest.Graphs["decoder"] with { Cache = null },
            },
        },
        "missing input" => With(honest, graph => graph with
        {
            Inputs = [.. graph.Inputs.Where(input => input.Name != "logits_rows")],
        }),
        "invented input" => With(honest, graph => graph with
        {
            Inputs = [.. graph.Inputs, new("ghost", "int64", [JsonSerializer.SerializeToElement(1)])],
        }),
        "input dtype" => With(honest, graph => graph with
        {
            Inputs = [.. graph.Inputs.Select(input => input with { Dtype = "float16" })],
        }),
        "cache shape" => With(honest, graph => graph with { Cache = graph.Cache! with { KvHeads = 3 } }),
        "layout" => With(honest, graph => graph with { Cache = graph.Cache! with { Layout = "paged" } }),
        "invented window" => With(honest, graph => graph with
        {
            Cache = graph.Cache! with { BoundedWindows = [0, 8] },
        }),
        "windows of few" => With(honest, graph => graph with { Cache = graph.Cache! with { BoundedWindows = [8] } }),
        "no cache" => With(honest, graph => graph with { Cache = null }),
        _ => throw new ArgumentOutOfRangeException(nameof(lie)),
    };

    private static PackageManifest As(PackageManifest manifest, string role) =>
        manifest with { Graphs = new Dictionary<string, GraphManifest> { [role] = manifest.Graphs["decoder"] } };

    private static PackageManifest With(PackageManifest manifest, Func<GraphManifest, GraphManifest> change) =>
        manifest with
        {
            Graphs = manifest.Graphs.ToDictionary(pair => pair.Key, pair => change(pair.Value)),
        };

    private static PackageManifest Files(PackageManifest manifest, Func<PackageFile, PackageFile> change) =>
        Refingerprint(manifest with { Files = [.. manifest.Files.Select(change)] });

    private static PackageManifest Listing(PackageManifest honest, string path) =>
        Refingerprint(honest with { Files = [.. honest.Files, new(path, 3, new string('0', 64))] });

    private static PackageManifest Refingerprint(PackageManifest manifest) =>
        manifest with { Fingerprint = PackageFingerprint.Compute(manifest.Files) };

    private static void Rewrite(string path, Action<ModelProto> change)
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        change(model);
        File.WriteAllBytes(path, Google.Protobuf.MessageExtensions.ToByteArray(model));
    }
}
