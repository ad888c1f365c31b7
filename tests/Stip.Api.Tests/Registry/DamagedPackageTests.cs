using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Audit;
using Stip.Protocol.Models;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

/// <summary>A package that the disk damaged after it was registered: refused in one line, and others are served.
/// </summary>
public sealed class DamagedPackageTests
{
    [Theory]
    [InlineData("flipped weight", 422, "package_invalid")]
    [InlineData("cut weights", 404, "model_not_found")]
    [InlineData("no graph", 404, "model_not_found")]
    [InlineData("manifest of zeros", 404, "model_not_found")]
    [InlineData("flipped manifest", 404, "model_not_found")]
    [InlineData("flipped input", 404, "model_not_found")]
    [InlineData("flipped cache", 404, "model_not_found")]
    [InlineData("no manifest", 404, "model_not_found")]
    public async Task Package_DamagedWhileTheServerWasDown_IsRefusedAndOthersAreServed(
        string damage, int status, string code)
    {
        using var data = new TemporaryFolder();
        var expected = await PushTwoAsync(data.Path);
        Damage(damage, Directory.GetDirectories(data.At("packages"), "sick-*").Single());

        using var server = new ApiServer(data.Path);
        var caller = server.Caller();
        for (var i = 0; i < 2; i++)
        {
            using var refused = await caller.PostAsync(
                StipRoutes.Completions, Steps.Prefill(1, 4) with { Model = "sick" });
            var error = await ApiCaller.RefusedAsync(refused, status, code);
            Assert.DoesNotContain('\n', error.Detail);
            Assert.DoesNotContain(data.Path, error.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(expected, (await caller.StepAsync(Steps.Prefill(1, 4) with { Model = "well" })).Row());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Package_DamagedAndPushedAgain_IsServed(bool isPreloaded)
    {
        using var data = new TemporaryFolder();
        var expected = await PushTwoAsync(data.Path);
        Damage("flipped weight", Directory.GetDirectories(data.At("packages"), "sick-*").Single());
        using var server = new ApiServer(data.Path, ("Stip:Api:Engine:Preload", $"{isPreloaded}"));
        using var folder = new TemporaryFolder();
        new TinyDecoder("sick", Instance: "b").WriteTo(folder.Path);
        using var pushed = await server.Caller().PushAsync(folder.Path);
        await ApiCaller.ReadAsync<ModelObject>(pushed);
        Assert.Equal(
            expected, (await server.Caller().StepAsync(Steps.Prefill(1, 4) with { Model = "sick" })).Row());
    }

    // The same package, to the byte: what there is of it on the disk counts, not that its name is known.
    [Theory]
    [InlineData("flipped weight", true)]
    [InlineData("flipped weight", false)]
    [InlineData("no graph", false)]
    [InlineData("manifest of zeros", false)]
    public async Task SamePackage_PushedOverADamagedOne_RepairsIt(string damage, bool isKnownToBeDamaged)
    {
        using var data = new TemporaryFolder();
        var expected = await PushTwoAsync(data.Path);
        if (isKnownToBeDamaged)
        {
            Damage(damage, Directory.GetDirectories(data.At("packages"), "sick-*").Single());
        }

        using var server = new ApiServer(data.Path);
        using (var refused = await server.Caller().PostAsync(
            StipRoutes.Completions, Steps.Prefill(1, 4) with { Model = "sick", Keep = false }))
        {
            Assert.Equal(isKnownToBeDamaged ? 422 : 200, (int)refused.StatusCode);
        }

        if (!isKnownToBeDamaged)
        {
            Damage(damage, Directory.GetDirectories(data.At("packages"), "sick-*").Single());
        }

        await PushAsync(server, "sick");

        Assert.Equal(
            expected, (await server.Caller().StepAsync(Steps.Prefill(1, 4) with { Model = "sick" })).Row());
        var act = (await server.Caller().GetAsync<AuditPage>(StipRoutes.AuditEvents)).Data[0];
        Assert.Equal((AuditEventTypes.ModelReplaced, "sick"), (act.Type, act.Subject));
        Assert.Single(Directory.GetDirectories(data.At("packages"), "sick-*"));
    }

    [Fact]
    public async Task SamePackage_PushedWhileADamagedOneServesSessions_LeavesThemTheirs()
    {
        using var server = new ApiServer();
        await PushAsync(server, "sick");
        var prefill = Steps.Prefill(1, 4) with { Model = "sick" };
        var session = await server.Caller().StepAsync(prefill);
        var folder = Directory.GetDirectories(server.PackageFolder(""), "sick-*").Single();
        Damage("flipped weight", folder);

        await PushAsync(server, "sick");

        // It is in memory, where the disk does no harm, until its last session ends.
        Assert.True(Directory.Exists(folder));
        var next = await server.Caller().StepAsync(Steps.Next(session, 1) with { Model = "sick" });
        var other = await server.Caller().StepAsync(prefill);
        Assert.Equal(session.Row(), other.Row());
        Assert.Equal(
            next.Row(), (await server.Caller().StepAsync(Steps.Next(other, 1) with { Model = "sick" })).Row());
    }

    [Fact]
    public async Task Registration_ThatCannotBeRead_IsMadeUpForByAFullCheck()
    {
        using var data = new TemporaryFolder();
        var expected = await PushTwoAsync(data.Path);
        Damage("registration of zeros", Directory.GetDirectories(data.At("packages"), "sick-*").Single());
        using var server = new ApiServer(data.Path);
        Assert.Equal(
            expected, (await server.Caller().StepAsync(Steps.Prefill(1, 4) with { Model = "sick" })).Row());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("\0\0\0\0")]
    [InlineData("""{"parts":[]}""")]
    [InlineData("""{"id":"upload_y","owner":"key_a","filename":"a","sha256":"0","status":"pending","parts":[]}""")]
    public async Task UploadRecord_ThatCannotBeRead_IsLeftOutOfTheRestart(string record)
    {
        using var data = new TemporaryFolder();
        var folder = Directory.CreateDirectory(data.At("uploads", "upload_x"));
        await File.WriteAllTextAsync(
            Path.Combine(folder.FullName, "upload.json"), record, TestContext.Current.CancellationToken);
        using var server = new ApiServer(data.Path);
        Assert.Empty((await server.Caller().GetAsync<ListObject<ModelObject>>(StipRoutes.Models)).Data);
        Assert.False(folder.Exists && Directory.Exists(folder.FullName));
    }

    private static async Task PushAsync(ApiServer server, string name)
    {
        using var folder = new TemporaryFolder();
        new TinyDecoder(name).WriteTo(folder.Path);
        using var pushed = await server.Caller().PushAsync(folder.Path);
        await ApiCaller.ReadAsync<ModelObject>(pushed);
    }

    private static async Task<float[]> PushTwoAsync(string data)
    {
        using var server = new ApiServer(data);
        foreach (var name in new[] { "sick", "well" })
        {
            await PushAsync(server, name);
        }

        return (await server.Caller().StepAsync(Steps.Prefill(1, 4) with { Model = "well" })).Row();
    }

    private static void Damage(string how, string package)
    {
        var (graph, manifest) = (Path.Combine(package, "model.onnx"), Path.Combine(package, "stip.json"));
        switch (how)
        {
            case "flipped weight":
                var bytes = File.ReadAllBytes(graph);
                // The first weights lie a good way behind the names.
                bytes[bytes.Length / 2] ^= 0x40;
                File.WriteAllBytes(graph, bytes);
                break;
            case "cut weights":
                using (var file = File.OpenWrite(graph))
                {
                    file.SetLength(file.Length / 2);
                }

                break;
            case "no graph":
                File.Delete(graph);
                break;
            case "manifest of zeros":
                File.WriteAllBytes(manifest, new byte[new FileInfo(manifest).Length]);
                break;
            case "flipped manifest":
                File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"files\"", "\"fules\""));
                break;
            case "flipped input":
                File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("inputs_embeds", "inputs_embedr"));
                break;
            case "flipped cache":
                File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"cache\"", "\"cachd\""));
                break;
            case "registration of zeros":
                File.WriteAllBytes(Path.Combine(package, "registration.json"), new byte[64]);
                break;
            default:
                File.Delete(manifest);
                break;
        }
    }
}
