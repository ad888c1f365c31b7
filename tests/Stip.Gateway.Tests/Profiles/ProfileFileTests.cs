using System.Runtime.Versioning;
using Stip.Gateway.Profiles;
using Stip.Gateway.Terminal;
using Stip.TestKit;

namespace Stip.Gateway.Tests.Profiles;

[UnsupportedOSPlatform("windows")]
public sealed class ProfileFileTests
{
    private static readonly Profile Profile = new(new Uri("http://server.test:5000"), "stip_secret");

    [Fact]
    public void Write_NewProfile_IsReadBackAndOwnerOnly()
    {
        using var folder = new TemporaryFolder();
        var file = new ProfileFile(folder.At("config/stip/profile.json"));

        file.Write(Profile);

        Assert.Equal(Profile, file.Read());
        Assert.DoesNotContain(Profile.ApiKey, Profile.ToString(), StringComparison.Ordinal);
        Assert.Single(Directory.EnumerateFiles(folder.At("config/stip")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file.Location));
    }

    [Fact]
    public void Read_OthersMayRead_IsRefusedInOneLine()
    {
        using var folder = new TemporaryFolder();
        var file = new ProfileFile(folder.At("profile.json"));
        file.Write(Profile);
        File.SetUnixFileMode(file.Location, (UnixFileMode)Convert.ToInt32("644", 8));

        var refusal = Assert.Throws<RefusedException>(file.Read);

        Assert.Contains("has mode 644, not 600", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Profile.ApiKey, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"Endpoint":"nowhere","ApiKey":"k"}""")]
    public void Read_NoProfile_IsRefused(string text)
    {
        using var folder = new TemporaryFolder();
        var file = new ProfileFile(folder.At("profile.json"));
        file.Write(Profile);
        File.WriteAllText(file.Location, text);

        Assert.Contains("is no profile", Assert.Throws<RefusedException>(file.Read).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Delete_Twice_HasNothingTheSecondTime()
    {
        using var folder = new TemporaryFolder();
        var file = new ProfileFile(folder.At("profile.json"));
        file.Write(Profile);

        Assert.True(file.Delete());
        Assert.False(file.Delete());
        Assert.Null(file.Read());
    }
}
