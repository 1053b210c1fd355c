"""The first tables."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Tip',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('org', models.CharField(max_length=64)),
                ('epoch', models.PositiveIntegerField()),
                ('size', models.PositiveBigIntegerField()),
                ('root', models.CharField(max_length=64)),
                ('covered', models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('proposal', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('index', models.PositiveBigIntegerField(unique=True)),
                ('kind', models.CharField(max_length=64)),
                ('by', models.CharField(max_length=32)),
                ('status', models.CharField(max_length=16)),
                ('emergency', models.BooleanField(default=False)),
                ('closed', models.BigIntegerField(null=True)),
                ('time', models.BigIntegerField(null=True)),
                ('text', models.TextField()),
            ],
            options={
                'ordering': ['-index'],
                'indexes': [models.Index(fields=['status', '-index'], name='record_decision_status'), models.Index(fields=['kind', '-index'], name='record_decision_kind')],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('index', models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ('entry', models.CharField(db_index=True, max_length=64)),
                ('type', models.CharField(max_length=16)),
                ('by', models.CharField(max_length=32)),
                ('subject', models.CharField(db_index=True, max_length=64)),
                ('kind', models.CharField(max_length=64)),
                ('code', models.CharField(max_length=80)),
                ('words', models.TextField()),
                ('next_step', models.TextField()),
                ('events', models.JSONField()),
                ('time', models.BigIntegerField(null=True)),
            ],
            options={
                'ordering': ['-index'],
                'indexes': [models.Index(fields=['type', '-index'], name='record_entry_type'), models.Index(fields=['by', '-index'], name='record_entry_by')],
            },
        ),
    ]
