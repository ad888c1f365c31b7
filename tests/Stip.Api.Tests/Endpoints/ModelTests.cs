using Microsoft.Extensions.DependencyInjection;
using Stip.Api.Registry;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Sessions;
using Stip.TestKit;

namespace Stip.Api.Tests.Endpoints;

public sealed class ModelTests
{
    [Fact]
    public async Task PushedPackage_IsServedAndOutlivesARestart()
    {
        using var data = new TemporaryFolder();
        using var source = new TemporaryFolder();
        var manifest = new TinyDecoder().WriteTo(source.Path);
        float[] row;
        using (var server = new ApiServer(data.Path))
        {
            using var pushed = await server.Caller().PushAsync(source.Path);
            var model = await ApiCaller.ReadAsync<ModelObject>(pushed);
            Assert.Equal(("tiny", "model", "key_bootstrap"), (model.Id, model.Object, model.OwnedBy));
            Assert.Equal(manifest.Fingerprint, model.Stip.Fingerprint);
            row = (await server.Caller().StepAsync(Steps.Prefill(1, 4))).Row();
            Assert.Empty(Directory.GetDirectories(data.At("uploads")));
            Assert.Empty(Directory.GetDirectories(data.At("staging")));
        }

        using var again = new ApiServer(data.Path);
        Assert.Equal(row, (await again.Caller().StepAsync(Steps.Prefill(1, 4))).Row());
        var shown = await again.Caller().GetAsync<ModelObject>($"{StipRoutes.Models}/tiny");
        Assert.Equal("key_bootstrap", shown.OwnedBy);
    }

    [Theory]
    [InlineData("0", null)]
    [InlineData("8", 8)]
    [InlineData("1000000", null)]
    public async Task Model_WhoseSessionsTheServerShortens_SaysHowLongTheyAre(string setting, int? said)
    {
        using var server = new ApiServer(("Stip:Api:Engine:MaxLength", setting));
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));

        var shown = await server.Caller().GetAsync<ModelObject>($"{StipRoutes.Models}/tiny");

        Assert.Equal((said, TinyDecoder.ContextLength), (shown.Stip.MaxLength, shown.Stip.ContextLength));
    }

    // 256 bytes a token: the whole context takes 2 MiB, a quarter of it 512 KiB.
    [Theory]
    [InlineData("1", "0", 2048)]
    [InlineData("2", "0", null)]
    [InlineData("1", "4096", 2048)]
    [InlineData("1", "1000", 1000)]
    public async Task Model_WhoseContextIsMoreThanTheCachesMayHave_SaysHowLongSessionsAreAndOpensSuch(
        string megabytes, string setting, int? said)
    {
        const int Length = 8192;
        using var server = new ApiServer(
            ("Stip:Api:Engine:CacheMegabytes", megabytes), ("Stip:Api:Engine:MaxLength", setting));
        new TinyDecoder(Length: Length).WriteTo(server.PackageFolder("tiny"));
        var caller = server.Caller();

        var shown = await caller.GetAsync<ModelObject>($"{StipRoutes.Models}/tiny");
        var step = await caller.StepAsync(Steps.Prefill(1, 4));
        var session = await caller.GetAsync<SessionObject>($"{StipRoutes.Sessions}/{step.SessionId}");

        Assert.Equal((said, said ?? Length), (shown.Stip.MaxLength, session.MaxLength));
    }

    [Theory]
    [InlineData("0", 40)]
    [InlineData("8", 8)]
    public async Task Model_WhoseSourcesTheServerShortens_SaysHowLongTheyAre(string setting, int said)
    {
        using var server = new ApiServer(("Stip:Api:Engine:MaxLength", setting));
        new TinySequence().WriteTo(server.PackageFolder("pair"));

        var shown = Assert.Single((await server.Caller().GetAsync<ListObject<ModelObject>>(StipRoutes.Models)).Data);

        Assert.Equal(said, shown.Stip.SourceLength);
    }

    [Fact]
    public async Task NewerEpoch_WithoutSessionsOfTheOldOne_ReplacesIt()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        await PushAsync(caller, new TinyDecoder());
        var step = await caller.StepAsync(Steps.Prefill(1, 4) with { Keep = false });
        await PushAsync(caller, new TinyDecoder(Seed: 2, KeyEpoch: 2));
        Assert.NotEqual(step.Row(), (await caller.StepAsync(Steps.Prefill(1, 4))).Row());
        Assert.Single(Directory.GetDirectories(Path.Combine(server.DataDirectory, "packages")));

        using var folder = new TemporaryFolder();
        new TinyDecoder(Seed: 3).WriteTo(folder.Path);
        using var older = await caller.PushAsync(folder.Path);
        await ApiCaller.RefusedAsync(older, 422, "package_invalid");
    }

    [Fact]
    public async Task NewerEpoch_ServesNewSessionsWhileTheOldOneEndsItsOwn()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        await PushAsync(caller, new TinyDecoder());
        var old = await caller.StepAsync(Steps.Prefill(1, 4));
        var reference = await caller.StepAsync(Steps.Next(await caller.StepAsync(Steps.Prefill(1, 4)), 1));
        await PushAsync(caller, new TinyDecoder(Seed: 2, KeyEpoch: 2));
        Assert.Equal(
            2, Assert.Single((await caller.GetAsync<ListObject<ModelObject>>(StipRoutes.Models)).Data).Stip.KeyEpoch);

        var (next, fresh) = (
            await caller.StepAsync(Steps.Next(old, 1)), await caller.StepAsync(Steps.Prefill(1, 4)));
        Assert.Equal(reference.Row(), next.Row());
        Assert.Equal((1, 2), (next.KeyEpoch, fresh.KeyEpoch));
        Assert.NotEqual(next.Fingerprint, fresh.Fingerprint);
        Assert.NotEqual(old.Row(), fresh.Row());
        Assert.Equal(2, (await caller.StepAsSafetensorsAsync(Steps.Next(fresh, 1))).KeyEpoch);
        Assert.Equal(2, Directory.GetDirectories(Path.Combine(server.DataDirectory, "packages")).Length);
        var sessions = await caller.GetAsync<ListObject<SessionObject>>(StipRoutes.Sessions);
        Assert.Contains(old.SessionId, sessions.Data.Select(session => session.Id));

        foreach (var session in sessions.Data)
        {
            using var _ = await caller.SendAsync(HttpMethod.Delete, $"{StipRoutes.Sessions}/{session.Id}");
        }

        await server.Services.GetRequiredService<ModelRegistry>().RetireReplacedAsync();
        Assert.Single(Directory.GetDirectories(Path.Combine(server.DataDirectory, "packages")));
        using var lost = await caller.PostAsync(StipRoutes.Completions, Steps.Next(next, 1));
        await ApiCaller.RefusedAsync(lost, 410, "session_lost");
    }

    [Fact]
    public async Task ReplacedModel_WhoseTimeIsOver_LosesItsSessions()
    {
        using var server = new ApiServer(
            ("Stip:Api:Engine:EpochSeconds", "100"), ("Stip:Api:Engine:LeaseSeconds", "600"));
        var caller = server.Caller();
        await PushAsync(caller, new TinyDecoder());
        var old = await caller.StepAsync(Steps.Prefill(1, 4));
        await PushAsync(caller, new TinyDecoder(Seed: 2, KeyEpoch: 2));
        var registry = server.Services.GetRequiredService<ModelRegistry>();
        server.Clock.Set(TimeSpan.FromHours(1));
        server.Clock.Advance(TimeSpan.FromSeconds(99));
        await registry.RetireReplacedAsync();
        old = await caller.StepAsync(Steps.Next(old, 1));
        server.Clock.Advance(TimeSpan.FromSeconds(1));
        await registry.RetireReplacedAsync();
        using var lost = await caller.PostAsync(StipRoutes.Completions, Steps.Next(old, 1));
        await ApiCaller.RefusedAsync(lost, 410, "session_lost");
    }

    [Fact]
    public async Task EqualPackages_OfTwoInstancesInOneMoment_AreTwo()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        await PushAsync(caller, new TinyDecoder());
        var step = await caller.StepAsync(Steps.Prefill(1, 4));
        await PushAsync(caller, new TinyDecoder(Instance: "instance-b"));
        Assert.Equal(2, Directory.GetDirectories(Path.Combine(server.DataDirectory, "packages")).Length);
        Assert.Equal(5, (await caller.StepAsync(Steps.Next(step, 1))).Position);
    }

    [Fact]
    public async Task SamePackage_PushedAgain_KeepsItsSessions()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        await PushAsync(caller, new TinyDecoder());
        var step = await caller.StepAsync(Steps.Prefill(1, 4));
        await PushAsync(caller, new TinyDecoder());
        Assert.Equal(5, (await caller.StepAsync(Steps.Next(step, 1))).Position);
    }

    [Fact]
    public async Task DeletedModel_IsGoneFromTheDiskToo()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        await PushAsync(caller, new TinyDecoder("team/tiny:v1"));
        Assert.Equal("team/tiny:v1", (await caller.GetAsync<ModelObject>($"{StipRoutes.Models}/team/tiny:v1")).Id);
        await caller.StepAsync(Steps.Prefill(1, 4) with { Model = "team/tiny:v1" });
        var escaped = $"{StipRoutes.Models}/{Uri.EscapeDataString("team/tiny:v1")}";
        Assert.Equal("team/tiny:v1", (await caller.GetAsync<ModelObject>(escaped)).Id);
        using var deleted = await caller.SendAsync(HttpMethod.Delete, $"{StipRoutes.Models}/team/tiny:v1");
        Assert.True((await ApiCaller.ReadAsync<DeletedObject>(deleted)).Deleted);
        using var gone =
            await caller.PostAsync(StipRoutes.Completions, Steps.Prefill(1, 4) with { Model = "team/tiny:v1" });
        await ApiCaller.RefusedAsync(gone, 404, "model_not_found");
        Assert.Empty(Directory.GetDirectories(Path.Combine(server.DataDirectory, "packages")));
    }

    [Fact]
    public async Task SeveralModels_AreServedSideBySide()
    {
        using var server = new ApiServer();
        var caller = server.Caller();
        await PushAsync(caller, new TinyDecoder("one"));
        await PushAsync(caller, new TinyDecoder("two", Seed: 5, Instance: "b"));
        var rows = await Task.WhenAll(new[] { "one", "two", "one", "two" }.Select(
            async model => (await caller.StepAsync(Steps.Prefill(1, 5) with { Model = model })).Row()));
        Assert.Equal(rows[0], rows[2]);
        Assert.Equal(rows[1], rows[3]);
        Assert.NotEqual(rows[0], rows[1]);
    }

    [Fact]
    public async Task Registration_OfUploadsThatAreNotThere_IsRefused()
    {
        using var server = new ApiServer();
        using var unknown =
            await server.Caller().PostAsync(StipRoutes.Models, new ModelRegisterRequest(["upload_nope"]));
        await ApiCaller.RefusedAsync(unknown, 404, "not_found");
        using var none = await server.Caller().PostAsync(StipRoutes.Models, new ModelRegisterRequest([]));
        await ApiCaller.RefusedAsync(none, 400, "invalid_request");
        var pending = await server.Caller().AnnounceAsync(new PackageFile("stip.json", 5, new string('0', 64)));
        using var unfinished =
            await server.Caller().PostAsync(StipRoutes.Models, new ModelRegisterRequest([pending.Id]));
        await ApiCaller.RefusedAsync(unfinished, 400, "invalid_request");
    }

    private static async Task PushAsync(ApiCaller caller, TinyDecoder decoder)
    {
        using var folder = new TemporaryFolder();
        decoder.WriteTo(folder.Path);
        using var pushed = await caller.PushAsync(folder.Path);
        await ApiCaller.ReadAsync<ModelObject>(pushed);
    }
}
