using Stip.Api.Registry;
using Stip.Api.Registry.Packages;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

/// <summary>A package inside of another one: files of that one, and no model.</summary>
public sealed class NestedPackageTests
{
    [Fact]
    public async Task PackageInsideOfAnother_FoundAtAStart_TakesNoModelOver()
    {
        using var folder = new TemporaryFolder();
        using (var server = new ApiServer(folder.Path))
        {
            foreach (var name in new[] { "a", "b" })
            {
                using var package = new TemporaryFolder();
                new TinyDecoder(name).WriteTo(package.Path);
                using var pushed = await server.Caller().PushAsync(package.Path);
                Assert.Equal(name, (await ApiCaller.ReadAsync<ModelObject>(pushed)).Id);
            }
        }

        var outer = Directory.GetDirectories(folder.At("packages"), "a-*").Single();
        var forged = new TinyDecoder("b", Seed: 2, Instance: "forged").WriteTo(Path.Combine(outer, "sub"));
        DurableFile.Write(
            Path.Combine(outer, "sub", Registration.FileName), new Registration(DateTimeOffset.MaxValue, "key_a"));

        using var restarted = new ApiServer(folder.Path);
        var served = await restarted.Caller().GetAsync<ModelObject>($"{StipRoutes.Models}/b");

        Assert.NotEqual(forged.Fingerprint, served.Stip.Fingerprint);
        Assert.Single(Directory.GetDirectories(folder.At("packages"), "b-*"));
        Assert.Equal(
            2, (await restarted.Caller().StepAsync(Steps.Prefill(1, 2) with { Model = "b" })).Position);
    }

    // By hand, in a folder of folders.
    [Fact]
    public async Task Package_OneFolderBelow_IsServed()
    {
        using var server = new ApiServer();
        new TinyDecoder().WriteTo(server.PackageFolder(Path.Combine("mine", "tiny")));

        var models = await server.Caller().GetAsync<ListObject<ModelObject>>(StipRoutes.Models);

        Assert.Equal("tiny", Assert.Single(models.Data).Id);
    }

    // Whatever date a package has that is there already, one that comes later is the newer one.
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task Registration_AfterOneOfTheLastMoment_ReplacesIt(int offsetHours)
    {
        using var folder = new TemporaryFolder();
        var there = folder.At("packages", "tiny");
        new TinyDecoder().WriteTo(there);
        DurableFile.Write(
            Path.Combine(there, Registration.FileName),
            new Registration(new DateTimeOffset(DateTime.MaxValue.Ticks, TimeSpan.FromHours(offsetHours)), "key_a"));
        using var server = new ApiServer(folder.Path);
        using var package = new TemporaryFolder();
        var later = new TinyDecoder(Seed: 2).WriteTo(package.Path);

        using var pushed = await server.Caller().PushAsync(package.Path);

        Assert.Equal(later.Fingerprint, (await ApiCaller.ReadAsync<ModelObject>(pushed)).Stip.Fingerprint);
    }
}
