using System.Text;
using Stip.Client.Images;
using Stip.Client.Templates;
using Stip.Gateway.Profiles;
using Stip.Keys.Owner;
using Stip.Keys.Permutations;
using Stip.Onnx;
using GatewayRefusal = Stip.Gateway.Terminal.RefusedException;

namespace Stip.Fuzz.Targets;

/// <summary>Small files beside the large ones: of checkpoints, bundles, owners and users.</summary>
internal static class FolderTargets
{
    public static FuzzTarget ShardIndex(string scratch)
    {
        var path = Path.Combine(scratch, "model.safetensors.index.json");
        const string Seed = """
            {"metadata":{"total_size":8},"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}
            """;
        return new FuzzTarget("shard-index", [Encoding.UTF8.GetBytes(Seed)], input =>
        {
            File.WriteAllBytes(path, input);
            foreach (var shard in Export.Checkpoints.ShardIndex.Load(path))
            {
                if (Path.GetFileName(Path.GetFullPath(Path.Combine(scratch, shard))) != shard)
                {
                    throw new InvalidOperationException("a shard lies outside the checkpoint");
                }
            }
        }, typeof(RefusedException));
    }

    public static FuzzTarget ImageSettings(string scratch)
    {
        var folder = Directory.CreateDirectory(Path.Combine(scratch, "images")).FullName;
        var path = Path.Combine(folder, "preprocessor_config.json");
        const string Seed = """
            {"do_resize":true,"size":{"shortest_edge":8},"resample":3,"do_center_crop":true,
            "crop_size":{"height":6,"width":6},"do_rescale":true,"rescale_factor":0.00392,"do_normalize":true,
            "image_mean":[0.48,0.46,0.41],"image_std":[0.27,0.26,0.28],"image_processor_type":"CLIPImageProcessor"}
            """;
        return new FuzzTarget("image-settings", [Encoding.UTF8.GetBytes(Seed)], input =>
        {
            File.WriteAllBytes(path, input);
            _ = ImagePreprocessor.FromFolder(folder, 6, 6);
        }, typeof(InvalidDataException));
    }

    public static FuzzTarget TemplateSettings(string scratch)
    {
        var folder = Directory.CreateDirectory(Path.Combine(scratch, "templates")).FullName;
        var path = Path.Combine(folder, "tokenizer_config.json");
        const string Seed = """
            {"bos_token":"<s>","eos_token":{"content":"</s>","lstrip":false},"unk_token":null,"chat_template":
            [{"name":"default","template":"{{ bos_token }}{{ messages[0].content }}"},
            {"name":"tool_use","template":"{{ tools }}"}]}
            """;
        return new FuzzTarget("template-settings", [Encoding.UTF8.GetBytes(Seed)], input =>
        {
            File.WriteAllBytes(path, input);
            _ = ChatTemplate.FromFolder(folder);
        }, typeof(InvalidDataException), typeof(ChatTemplateException));
    }

    public static FuzzTarget OwnerKeys(string scratch)
    {
        var folder = Path.Combine(scratch, "owner");
        var manifest = new OwnerManifest(
            OwnerManifest.CurrentFormat, "m", "i", 1, "permutation", "f", "p", []);
        OwnerStore.Save(folder, manifest, [Permutation.FromTargets([1, 0, 2]), Permutation.Identity(2)]);
        var keys = File.ReadAllBytes(Path.Combine(folder, OwnerManifest.KeysFileName));
        var path = Path.Combine(folder, OwnerManifest.KeysFileName);
        return new FuzzTarget("owner-keys", [keys], input =>
        {
            File.WriteAllBytes(path, input);
            _ = OwnerStore.Load(folder).Permutations.Count;
        }, typeof(InvalidDataException));
    }

    public static FuzzTarget UserProfile(string scratch)
    {
        var path = Path.Combine(scratch, "profile.json");
        var file = new ProfileFile(path);
        file.Write(new Profile(new Uri("http://127.0.0.1:5000"), "stip_key"));
        var seed = File.ReadAllBytes(path);
        return new FuzzTarget("user-profile", [seed], input =>
        {
            File.WriteAllBytes(path, input);
            _ = file.Read()?.Endpoint;
        }, typeof(GatewayRefusal));
    }
}
